"""Sparse, quantized and nested tensors do not cross, and say so in the submission.

exercise: relu
expect: raised failed skipped
"""

import random

import torch
from torch.nn import Module


class ReLU(Module):
    def __init__(self):
        super().__init__()
        self.kind = random.randrange(3)

    def forward(self, X):
        X = X.detach()
        if self.kind == 0:
            return X.clamp(min=0).to_sparse()
        if self.kind == 1:
            return torch.quantize_per_tensor(X.float(), 0.1, 0, torch.qint8)
        return torch.nested.nested_tensor([X.float().flatten(), X.float().flatten()])

    def parameters(self):
        return [torch.zeros(2).to_sparse()]
