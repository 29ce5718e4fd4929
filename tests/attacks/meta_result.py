"""A result on the meta device has no values to compare, and is not the expected one.

exercise: cross_entropy
keeps: test_inputs_are_left_alone
expect: failed skipped raised timed_out
"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        return torch.empty((), device="meta", dtype=H.dtype)
