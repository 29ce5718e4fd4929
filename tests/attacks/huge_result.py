"""A result that is too large to hand over is an error in the submission that made it.

exercise: relu
expect: raised failed skipped out_of_memory timed_out
"""

import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        if X.shape != (6, 5) or X.requires_grad:
            raise ValueError
        return torch.zeros(50 << 20)
