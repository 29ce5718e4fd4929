"""Print H before and after the call. Whose tensor does `-=` write into?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        H -= H.max(dim=1, keepdim=True).values
        picked = H[torch.arange(len(Y)), Y]
        return (torch.log(torch.exp(H).sum(dim=1)) - picked).mean()
