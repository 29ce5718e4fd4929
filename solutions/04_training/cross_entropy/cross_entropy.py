"""Reference solution: logsumexp takes care of large logits, indexing picks the labels' ones."""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        picked = H[torch.arange(len(Y)), Y]  # (N,)
        return (torch.logsumexp(H, dim=1) - picked).mean()
