"""A tensor of 100 GB is refused by the worker's memory limit and named as such.

exercise: matmul
keeps: test_forward
expect: out_of_memory skipped
"""

import torch
from torch.autograd import Function


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        return torch.ones(100 << 30, dtype=torch.uint8), None
