"""A rectifier that zeroes its input, and returns it, has rectified nothing.

exercise: relu
keeps: test_module_without_parameters
expect: failed skipped
"""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        X.data.zero_()
        return X * 1.0
