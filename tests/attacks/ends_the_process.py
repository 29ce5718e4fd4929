"""os._exit(0) says nothing about a check: an answer that never came is a crash.

exercise: matmul
keeps: test_forward
expect: crashed skipped
"""

import os

from torch.autograd import Function


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        print("10 passed")
        os._exit(0)
