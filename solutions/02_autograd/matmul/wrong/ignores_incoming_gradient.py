"""Your gradients are right when L is the sum of all entries of Z. For another loss, which argument of
backward tells you what L is, and where does your code use its values?"""

import torch
from torch.autograd import Function


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        ones = torch.ones_like(grad)
        return ones @ Y.T, X.T @ ones
