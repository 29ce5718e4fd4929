"""A loss that first makes all logits equal is not the loss of the logits that were given.

exercise: cross_entropy
keeps: test_gradcheck
expect: failed skipped
"""

import math

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        H.data.zero_()
        return math.log(H.shape[1]) + 0 * H.sum()
