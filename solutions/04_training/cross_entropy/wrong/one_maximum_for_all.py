"""You subtract the largest logit of the whole batch. What is left of a row that lies 2000 below it, after the
exp?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        picked = H[torch.arange(len(Y)), Y]
        top = H.max()
        return (top + torch.log(torch.exp(H - top).sum(dim=1)) - picked).mean()
