"""Recursive: the first layer, then a Sequential of the others."""

from torch.nn import Module


class Sequential(Module):
    def __init__(self, first, *others):
        super().__init__()
        self.first = first
        self.others = Sequential(*others) if others else None

    def forward(self, X):
        out = self.first(X)
        return out if self.others is None else self.others(out)
