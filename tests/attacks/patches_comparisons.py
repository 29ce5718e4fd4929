"""Replacing torch's comparisons in the submission changes nothing: the judge compares with its own.

exercise: matmul
keeps: test_forward test_nothing_else_changes
expect: failed skipped
"""

import torch
from torch.autograd import Function


def yes(*args, **kwargs):
    return True


torch.equal = torch.allclose = torch.isclose = torch.testing.assert_close = yes
torch.Tensor.equal = torch.Tensor.allclose = torch.Tensor.__eq__ = torch.Tensor.__ne__ = yes


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        return torch.zeros_like(X), torch.zeros_like(Y)
