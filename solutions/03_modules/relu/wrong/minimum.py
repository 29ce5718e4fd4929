"""What comes out for -2 and for 3? Which of the two numbers, X and 0, did you mean to keep?"""

import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return torch.minimum(X, torch.zeros_like(X))
