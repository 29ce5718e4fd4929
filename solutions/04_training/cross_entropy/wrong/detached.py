"""The value is right, but does the loss have a grad_fn? What do `detach`, `item` and `numpy` do to the road
back to H?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        H = H.detach()
        picked = H[torch.arange(len(Y)), Y]
        return (torch.logsumexp(H, dim=1) - picked).mean()
