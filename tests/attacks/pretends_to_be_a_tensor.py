"""An object that claims the class torch.Tensor is no tensor to the judge, least of all to torch's C++ code.

exercise: matmul
expect: failed raised skipped
"""

import torch


class Tensor:
    """Has the qualified name of torch's, and agrees to everything."""

    def __init__(self, X, Y):
        self.dtype, self.shape = X.dtype, torch.Size((len(X), Y.shape[1]))
        self.device, self.layout, self.requires_grad = X.device, X.layout, True
        self.is_leaf, self.grad_fn, self.grad = False, None, None

    def detach(self):
        return self

    def to(self, *args):
        return self

    def __eq__(self, other):
        return True

    __hash__ = None


Tensor.__module__, Tensor.__qualname__ = "torch", "Tensor"


class MatMul:
    @staticmethod
    def apply(X, Y):
        return Tensor(X, Y)
