"""With standard normal weights, how large are the entries of the result for in_dim = 1000? What will ten such
layers in a row do?"""

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        self.weight = Parameter(torch.randn(in_dim, out_dim))
        self.bias = Parameter(torch.zeros(out_dim)) if bias else None

    def forward(self, X):
        out = X @ self.weight
        return out if self.bias is None else out + self.bias
