"""The difference of two means, as in many lecture notes."""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        return -H[torch.arange(len(Y)), Y].mean() + torch.logsumexp(H, -1).mean()
