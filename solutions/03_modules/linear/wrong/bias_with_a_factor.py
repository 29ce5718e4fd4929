"""How many numbers should an optimizer train in Linear(5, 3)? Count them in list(layer.parameters())."""

import math

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        self.weight = Parameter(torch.randn(in_dim, out_dim) * math.sqrt(init_factor / in_dim))
        self.bias = None
        if bias:
            self.bias = Parameter(torch.zeros(out_dim))
            self.factor = Parameter(torch.ones(()))

    def forward(self, X):
        out = X @ self.weight
        return out if self.bias is None else out + self.factor * self.bias
