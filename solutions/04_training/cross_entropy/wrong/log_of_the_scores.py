"""H holds scores of any sign. What has to happen to a row of scores before its entries can be read as
probabilities?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        return -torch.log(H[torch.arange(len(Y)), Y]).mean()
