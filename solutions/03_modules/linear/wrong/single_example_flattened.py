"""Call the layer with an X of shape (1, in_dim). Which shape should come out, and which one does?"""

import math

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        self.weight = Parameter(torch.randn(in_dim, out_dim) * math.sqrt(init_factor / in_dim))
        self.bias = Parameter(torch.zeros(out_dim)) if bias else None

    def forward(self, X):
        out = torch.atleast_2d(X) @ self.weight
        if self.bias is not None:
            out = out + self.bias
        return out.squeeze(0)
