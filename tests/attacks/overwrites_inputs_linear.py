"""A layer that zeroes its input has only its bias to return.

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
        X.data.zero_()
        out = X.new_zeros(*X.shape[:-1], self.weight.shape[1])
        return out if self.bias is None else out + self.bias
