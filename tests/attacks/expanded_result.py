"""A result of a trillion elements over four bytes of memory is not written out, here or there.

exercise: relu
expect: raised failed out_of_memory skipped
"""

import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return X.sum().expand(1 << 20, 1 << 20)

    def parameters(self):
        return [torch.zeros(()).expand(1 << 20, 1 << 20)]
