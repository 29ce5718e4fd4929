"""A length of two to the sixty-two reserves no memory in the judge.

exercise: relu
expect: failed skipped raised
keeps: test_input_is_left_alone
"""

import torch
from torch.nn import Module


class Long:
    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __iter__(self):
        return iter(())


class ReLU(Module):
    def forward(self, X):
        if X.shape == (3, 2):
            return X
        return Long(1 << 62)

    def parameters(self):
        return Long((1 << 62) if torch.rand(()) > 2 else 2_000_000_000)
