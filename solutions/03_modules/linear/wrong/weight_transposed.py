"""torch's own layer keeps its weight as (out, in). Which shape does the statement ask for, and is a transpose
needed in forward then?"""

import math

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        self.weight = Parameter(torch.randn(out_dim, in_dim) * math.sqrt(init_factor / in_dim))
        self.bias = Parameter(torch.zeros(out_dim)) if bias else None

    def forward(self, X):
        out = X @ self.weight.T
        return out if self.bias is None else out + self.bias
