"""What happens on `layer.bias` after Linear(4, 3, bias=False)? Code that uses your layer asks whether the
bias is None. Is the attribute there to be asked?"""

import math

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        self.weight = Parameter(torch.randn(in_dim, out_dim) * math.sqrt(init_factor / in_dim))
        if bias:
            self.bias = Parameter(torch.zeros(out_dim))

    def forward(self, X):
        out = X @ self.weight
        return out + self.bias if hasattr(self, "bias") else out
