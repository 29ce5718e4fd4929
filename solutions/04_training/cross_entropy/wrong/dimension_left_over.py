"""Your last line keeps a dimension of size 1. What shape does the statement promise for the loss?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        logP = torch.log_softmax(H, dim=1)
        return -logP.gather(1, Y[:, None]).mean(dim=0)
