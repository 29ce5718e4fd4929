"""The standard deviation is right, but draw a histogram of `layer.weight`: which distribution is it, and
which one does the statement ask for?"""

import math

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        self.weight = Parameter((2 * torch.rand(in_dim, out_dim) - 1) * math.sqrt(3 * init_factor / in_dim))
        self.bias = Parameter(torch.zeros(out_dim)) if bias else None

    def forward(self, X):
        out = X @ self.weight
        return out if self.bias is None else out + self.bias
