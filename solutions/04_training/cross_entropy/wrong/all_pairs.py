"""Print the shape of `H[:, Y]`. How many numbers of it belong to row i, and how many do you want?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        return (torch.logsumexp(H, dim=1) - H[:, Y]).mean()
