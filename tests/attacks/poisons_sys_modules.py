"""Modules replaced in sys.modules are replaced in the worker only.

exercise: matmul
expect: failed raised skipped crashed
keeps: test_gradcheck test_nothing_else_changes
"""

import sys
import types

import torch
from torch.autograd import Function


class Agreeable(types.ModuleType):
    def __getattr__(self, name):
        return lambda *args, **kwargs: True


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        return torch.zeros(len(X), Y.shape[1])

    @staticmethod
    def backward(ctx, grad):
        return None, None


for name in ("torch", "torch.testing", "torch.autograd", "pytest", "grader", "grader.suite", "test_matmul", "msgspec"):
    sys.modules[name] = Agreeable(name)
