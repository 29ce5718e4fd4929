"""Tensors that only look like what was asked for are compared by what they hold.

exercise: linear
keeps: test_parameters test_shapes_and_zero_bias test_each_layer_draws_its_own
expect: failed skipped raised
"""

import torch
from torch.nn import Module, Parameter


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        super().__init__()
        self.weight = Parameter(torch.rand(in_dim, out_dim))
        self.bias = Parameter(torch.zeros(out_dim))
        self.shape = (out_dim,)

    def forward(self, X):
        return torch.zeros(*X.shape[:-1], *self.shape, dtype=X.dtype).requires_grad_()
