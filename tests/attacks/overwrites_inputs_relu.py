"""A module that makes its input positive and then lets it through has rectified nothing.

exercise: relu
keeps: test_dtype test_module_without_parameters
expect: failed skipped
"""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        X.data.abs_()
        return X * 1.0
