"""What is the shape of your result? `backward()` wants one number for the whole batch: which one, by the
statement?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        picked = H[torch.arange(len(Y)), Y]
        return torch.logsumexp(H, dim=1) - picked
