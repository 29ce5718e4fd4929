"""NaN and infinity are equal to nothing that is expected.

exercise: cross_entropy
keeps: test_inputs_are_left_alone
expect: failed skipped
"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        return (H * float("nan")).sum() + float("inf")
