"""A zero in the one-hot matrix is meant to remove a term. What is 0 times log(0) for a computer?"""

import torch
from torch.nn import Module, functional


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        P = torch.softmax(H, dim=1)
        one_hot = functional.one_hot(Y, H.shape[1])
        return -(one_hot * torch.log(P)).sum(dim=1).mean()
