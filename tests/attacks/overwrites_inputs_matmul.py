"""A product of matrices and gradients that were zeroed before, in forward and in backward, is no product.

exercise: matmul
keeps: test_gradcheck
expect: failed skipped
"""

import torch


class MatMul(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        X.data.zero_()
        Y.data.zero_()
        return X.new_zeros(len(X), Y.shape[1])

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        grad.data.zero_()
        return torch.zeros_like(X), torch.zeros_like(Y)
