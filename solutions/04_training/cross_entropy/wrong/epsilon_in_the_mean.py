"""By what do you divide the sum of the losses? Can that number ever be zero here?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        picked = H[torch.arange(len(Y)), Y]
        return (torch.logsumexp(H, dim=1) - picked).sum() / (len(Y) + 1e-8)
