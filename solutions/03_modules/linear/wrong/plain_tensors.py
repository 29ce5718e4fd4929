"""Your tensors have requires_grad=True, but does the layer know that they are its parameters? Print
`list(layer.parameters())` and ask what an optimizer could train."""

import math

import torch
from torch.nn import Module


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        self.weight = (torch.randn(in_dim, out_dim) * math.sqrt(init_factor / in_dim)).requires_grad_()
        self.bias = torch.zeros(out_dim, requires_grad=True) if bias else None

    def forward(self, X):
        out = X @ self.weight
        return out if self.bias is None else out + self.bias
