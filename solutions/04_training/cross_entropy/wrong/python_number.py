"""You return a Python number, made into a tensor again. Can anything still flow back from it to H?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        total = 0.0
        for row, y in zip(H, Y, strict=True):
            total += (torch.logsumexp(row, dim=0) - row[y]).item()
        return torch.tensor(total / len(Y))
