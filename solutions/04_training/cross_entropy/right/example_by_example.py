"""A loop over examples, with logaddexp for one class after the other."""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        total = 0
        for scores, label in zip(H, Y, strict=True):
            normaliser = scores[0]
            for score in scores[1:]:
                normaliser = torch.logaddexp(normaliser, score)
            total = total + normaliser - scores[label]
        return total / len(Y)
