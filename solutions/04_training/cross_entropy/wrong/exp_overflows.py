"""What is `torch.exp(torch.tensor(1000.))`? By the formula the loss does not change when the same number is
added to all logits of a row: can you use that?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        picked = H[torch.arange(len(Y)), Y]
        return (torch.log(torch.exp(H).sum(dim=1)) - picked).mean()
