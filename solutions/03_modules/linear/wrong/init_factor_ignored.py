"""Print `layer.weight.std()` for two different values of init_factor. Where does your code use that
argument?"""

import math

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        self.weight = Parameter(torch.randn(in_dim, out_dim) * math.sqrt(2.0 / in_dim))
        self.bias = Parameter(torch.zeros(out_dim)) if bias else None

    def forward(self, X):
        out = X @ self.weight
        return out if self.bias is None else out + self.bias
