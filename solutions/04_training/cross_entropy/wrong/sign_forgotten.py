"""Make the right class more and more likely. Does your loss go down?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        logP = torch.log_softmax(H, dim=1)
        return logP[torch.arange(len(Y)), Y].mean()
