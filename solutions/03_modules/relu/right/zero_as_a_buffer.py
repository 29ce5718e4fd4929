"""Keeps its zero as a buffer and chooses with where."""

import torch
from torch.nn import Module


class ReLU(Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("zero", torch.zeros(()))

    def forward(self, X):
        return torch.where(X < 0, self.zero.to(X.dtype), X)
