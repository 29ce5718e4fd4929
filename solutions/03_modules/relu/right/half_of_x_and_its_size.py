"""A formula: the mean of X and |X|. Exact, since halving and doubling don't round."""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return (X + X.abs()) / 2
