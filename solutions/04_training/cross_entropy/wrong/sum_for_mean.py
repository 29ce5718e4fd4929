"""Double the batch by repeating it. Should the loss double?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        picked = H[torch.arange(len(Y)), Y]
        return (torch.logsumexp(H, dim=1) - picked).sum()
