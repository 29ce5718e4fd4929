"""A tensor subclass that claims to be equal to everything arrives as the plain numbers that it holds.

exercise: matmul
expect: failed skipped raised
"""

import torch


class Equal(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function in (torch.equal, torch.allclose, torch.Tensor.eq, torch.Tensor.__eq__):
            return True
        return super().__torch_function__(function, types, args, kwargs or {})

    def __eq__(self, other):
        return True

    __hash__ = torch.Tensor.__hash__

    @property
    def shape(self):
        return (4, 4)

    def numpy(self):
        return self


class MatMul:
    @staticmethod
    def apply(X, Y):
        return (X.new_zeros(len(X), Y.shape[1]) + 0 * X.sum()).as_subclass(Equal)
