"""Multiplies by broadcasting and sums; the weight comes from torch.distributions."""

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        std = torch.tensor(init_factor / in_dim).sqrt()
        self.weight = Parameter(torch.normal(torch.zeros(in_dim, out_dim), std))
        self.bias = Parameter(self.weight.new_zeros(out_dim)) if bias else None

    def forward(self, X):
        products = X[..., :, None] * self.weight  # (..., in_dim, out_dim)
        if self.bias is None:
            return products.sum(-2)
        return products.sum(-2).add(self.bias)
