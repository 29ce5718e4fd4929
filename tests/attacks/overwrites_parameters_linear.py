"""A layer that replaces weight and bias by ones that make the product easy has not used those it had.

exercise: linear
keeps: test_parameters test_shapes_and_zero_bias test_initial_weight test_each_layer_draws_its_own
expect: failed
"""

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        self.weight = Parameter(torch.randn(in_dim, out_dim) * (init_factor / in_dim) ** 0.5)
        self.bias = Parameter(torch.zeros(out_dim)) if bias else None

    def forward(self, X):
        self.weight.data.fill_(1)
        if self.bias is not None:
            self.bias.data.zero_()
        return X.sum(-1, keepdim=True).expand(*X.shape[:-1], self.weight.shape[1])
