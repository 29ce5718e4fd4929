"""What a submission remembers of earlier checks and calls is no substitute for the right answer.

exercise: matmul
keeps: test_nothing_else_changes
expect: failed skipped raised
"""

import torch
from torch.autograd import Function

seen = {}


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        key = (X.shape, Y.shape, X.dtype)
        ctx.key = key
        ctx.shapes = X.shape, Y.shape
        ctx.first = len(seen)
        answer = seen.setdefault(key, torch.rand(len(X), Y.shape[1], dtype=X.dtype))
        return answer.clone()

    @staticmethod
    def backward(ctx, grad):
        return tuple(seen.setdefault((ctx.key, s), torch.rand(s, dtype=grad.dtype)) for s in ctx.shapes)
