"""Loops over rows, with buffers that take dtype and device from the inputs."""

import torch
from torch.autograd import Function


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        Z = X.new_empty(X.shape[0], Y.shape[1])
        for i, row in enumerate(X):
            Z[i] = row @ Y
        return Z

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        dX = torch.stack([Y @ row for row in grad])
        dY = torch.zeros_like(Y)
        for row, grad_row in zip(X, grad, strict=True):
            dY += torch.outer(row, grad_row)
        return dX, dY
