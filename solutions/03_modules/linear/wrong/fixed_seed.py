"""Make two layers and compare their weights. What does a seed inside `__init__` do to every layer of a
network, and to everybody else's random numbers?"""

import math

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        torch.manual_seed(0)
        self.weight = Parameter(torch.randn(in_dim, out_dim) * math.sqrt(init_factor / in_dim))
        self.bias = Parameter(torch.zeros(out_dim)) if bias else None

    def forward(self, X):
        out = X @ self.weight
        return out if self.bias is None else out + self.bias
