"""Forward, `where` throws the infinite branch away. What does backward do with that branch: which number does
it multiply by zero?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        top = H.max(dim=1).values
        plain = torch.log(torch.exp(H).sum(dim=1))
        shifted = top + torch.log(torch.exp(H - top[:, None]).sum(dim=1))
        normaliser = torch.where(top.abs() < 50, plain, shifted)
        return (normaliser - H[torch.arange(len(Y)), Y]).mean()
