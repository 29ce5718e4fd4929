"""Make a layer with bias=False and list its parameters. Who in your `__init__` asks for the value of
`bias`?"""

import math

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        self.weight = Parameter(torch.randn(in_dim, out_dim) * math.sqrt(init_factor / in_dim))
        self.bias = Parameter(torch.zeros(out_dim))

    def forward(self, X):
        out = X @ self.weight
        return out if self.bias is None else out + self.bias
