"""Results of every dtype that torch has are compared or refused.

exercise: relu
keeps: test_input_is_left_alone test_module_without_parameters
expect: failed raised skipped
"""

import random

import torch
from torch.nn import Module

DTYPES = sorted({d for d in vars(torch).values() if isinstance(d, torch.dtype) and d.itemsize}, key=str)


class ReLU(Module):
    def forward(self, X):
        if X.shape in ((5, 4), (3, 2)):
            return X
        return torch.empty(X.shape, dtype=random.choice([d for d in DTYPES if d is not X.dtype]))
