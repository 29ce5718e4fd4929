"""You divide a sum over the examples. By how many should it be divided? Try N and C that differ."""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        picked = H[torch.arange(len(Y)), Y]
        return (torch.logsumexp(H, dim=1) - picked).sum() / H.shape[1]
