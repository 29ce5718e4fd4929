"""Which dtype does `torch.zeros(n)` have, whatever H is? What would it have to take from H?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        losses = torch.zeros(len(Y))
        for i, y in enumerate(Y.tolist()):
            losses[i] = torch.logsumexp(H[i], dim=0) - H[i, y]
        return losses.mean()
