"""Objects that numpy and torch would convert stay objects: nothing of theirs is called in the judge.

exercise: relu
expect: failed raised skipped
"""

import numpy as np
import torch


class Array:
    dtype, shape, ndim = np.dtype("float32"), (6, 5), 2
    __array_interface__ = {"version": 3, "shape": (6, 5), "typestr": "<f4", "data": (0xDEAD, False)}

    def __array__(self, *args, **kwargs):
        raise SystemExit

    def __float__(self):
        return 0.0

    def __torch_function__(self, *args, **kwargs):
        return True

    def __dlpack__(self, **kwargs):
        raise KeyboardInterrupt

    @property
    def __class__(self):
        return torch.Tensor


class ReLU:
    def __call__(self, X):
        return Array()
