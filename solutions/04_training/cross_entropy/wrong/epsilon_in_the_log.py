"""With 1e-8 inside the logarithm, what is the largest loss that can ever come out? How large should it be
when the label's logit is 200 below the others?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        P = torch.softmax(H, dim=1)
        return -torch.log(P[torch.arange(len(Y)), Y] + 1e-8).mean()
