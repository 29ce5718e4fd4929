"""Draws in place with normal_, multiplies with einsum, registers by name."""

import math

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        weight = torch.empty(in_dim, out_dim).normal_(0.0, math.sqrt(init_factor / in_dim))
        self.register_parameter("weight", Parameter(weight))
        self.register_parameter("bias", Parameter(torch.zeros(out_dim)) if bias else None)

    def forward(self, X):
        out = torch.einsum("...i,io->...o", X, self.weight)
        if self.bias is not None:
            out += self.bias
        return out
