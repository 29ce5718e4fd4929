"""Multiplies by a mask of zeros and ones."""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return X * (X > 0)
