"""A backward that zeroes the incoming gradient and the matrices, after an honest forward, gives no gradient.

exercise: matmul
keeps: test_forward test_gradcheck
expect: failed skipped
"""

import torch


class MatMul(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        if grad.dtype == torch.float64:  # gradcheck, or the check of dtypes, which depends on the others
            return grad @ Y.T, X.T @ grad
        for tensor in (grad, X, Y):
            tensor.data.zero_()
        return X * 0, Y * 0
