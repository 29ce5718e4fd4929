"""A graph whose backward pass never finishes costs the check its time and no more.

exercise: matmul
keeps: test_forward
expect: timed_out failed skipped
"""

import torch


class MatMul(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X, Y):
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        while True:
            grad = grad + 1
