"""Clamping keeps exp from overflowing. But is the loss of a logit of 1000 really that of a logit of 80, and
which gradient does a clamped logit get?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        H = H.clamp(-80, 80)
        picked = H[torch.arange(len(Y)), Y]
        return (torch.log(torch.exp(H).sum(dim=1)) - picked).mean()
