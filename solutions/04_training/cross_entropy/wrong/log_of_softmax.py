"""Softmax itself is stable, but what is left of a probability like exp(-200) in float32, and what is its
logarithm?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        P = torch.softmax(H, dim=1)
        return -torch.log(P[torch.arange(len(Y)), Y]).mean()
