"""Print the dtype of the tensor that you fill row by row. What would it have to be for float64 inputs, and
which of the inputs could tell you?"""

import torch
from torch.autograd import Function


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        Z = torch.zeros(X.shape[0], Y.shape[1])
        for i in range(X.shape[0]):
            Z[i] = (X[i, :, None] * Y).sum(0)
        return Z

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        return grad @ Y.T, X.T @ grad
