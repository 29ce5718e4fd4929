"""Reference solution: the larger one of X and zero."""

import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return torch.maximum(X, X.new_zeros(()))  # the zero has X's dtype and device, and is broadcast
