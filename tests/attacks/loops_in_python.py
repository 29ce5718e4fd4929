"""An endless loop costs the check it is in; the others are graded.

exercise: matmul
keeps: test_forward test_gradient_of_X test_gradient_of_Y test_one_input_needs_a_gradient test_memory_layout test_several_uses test_nothing_else_changes
expect: timed_out
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
        X, Y = ctx.saved_tensors
        while grad.dtype == torch.float64:
            pass
        return grad @ Y.T, X.T @ grad
