"""Try some large numbers. Does the statement speak of an upper end?"""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return X.clamp(0, 6)
