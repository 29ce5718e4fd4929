"""Two terms of the loss depend on H. Through which of them can a gradient still flow back?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        picked = H.detach()[torch.arange(len(Y)), Y]
        return (torch.logsumexp(H, dim=1) - picked).mean()
