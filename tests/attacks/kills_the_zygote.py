"""A worker that kills the process that it was forked from has ended itself; another one takes its place.

exercise: matmul
confined: not_permitted
keeps: test_forward test_gradient_of_X test_gradient_of_Y test_one_input_needs_a_gradient test_dtype test_memory_layout test_several_uses test_nothing_else_changes
expect: crashed
"""

import os
import signal

import torch


class MatMul(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        if X.shape == (3, 4):
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGSTOP)
        return grad @ Y.T, X.T @ grad
