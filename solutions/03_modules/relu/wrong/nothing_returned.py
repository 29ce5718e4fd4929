"""What does a Python function give back that has no return statement?"""

import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        self.out = torch.maximum(X, torch.zeros_like(X))
