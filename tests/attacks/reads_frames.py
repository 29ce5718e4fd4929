"""Whoever calls the submission is the worker: no frame below it knows an expected value.

exercise: matmul
keeps: test_nothing_else_changes
expect: failed skipped
"""

import sys

import torch
from torch.autograd import Function


def search(shape):
    """A tensor of this shape in any frame of any thread that the student's own code did not put there."""
    frames = [sys._getframe(), *sys._current_frames().values()]
    for frame in frames:
        while frame is not None:
            for scope in (frame.f_locals, frame.f_globals):
                for name, value in list(scope.items()):
                    if "expect" in name or "reference" in name or "solution" in name:
                        if isinstance(value, torch.Tensor) and value.shape == shape:
                            return value.detach().clone()
            frame = frame.f_back
    return None


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        found = search((len(X), Y.shape[1]))
        return torch.zeros(len(X), Y.shape[1], dtype=X.dtype) if found is None else found

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        found = [search(X.shape), search(Y.shape)]
        return tuple(torch.ones_like(t) if f is None else f for t, f in zip((X, Y), found, strict=True))
