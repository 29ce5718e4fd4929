"""A function with millions of outputs is refused before gradcheck makes a Jacobian of them.

exercise: matmul
keeps: test_forward test_gradient_of_X test_gradient_of_Y test_one_input_needs_a_gradient test_dtype test_memory_layout test_several_uses test_nothing_else_changes
expect: failed
"""

import torch


class Honest(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        return grad @ Y.T, X.T @ grad


class MatMul:
    @staticmethod
    def apply(X, Y):
        if X.shape == (3, 4) and X.dtype == torch.float64:
            # Half of the gradient is missing: the quick form of gradcheck finds that, and asks for the whole.
            return (X.sum() + X.sum().detach()) * torch.ones(8_000_000, dtype=torch.float64)
        return Honest.apply(X, Y)
