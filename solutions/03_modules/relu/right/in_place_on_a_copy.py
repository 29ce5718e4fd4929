"""Writes in place, into a copy of its own."""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        out = X.clone()
        out[X < 0] = 0
        return out
