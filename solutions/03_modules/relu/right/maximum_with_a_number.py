"""A zero of float32 without dimensions doesn't change the dtype of float64."""

import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return torch.maximum(X, torch.tensor(0.0))
