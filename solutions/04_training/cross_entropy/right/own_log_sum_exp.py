"""Subtracts the maximum of each row by hand."""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        top = H.max(dim=1, keepdim=True).values
        shifted = H - top
        normaliser = shifted.exp().sum(dim=1).log()
        return (normaliser - shifted[torch.arange(H.shape[0]), Y]).mean()
