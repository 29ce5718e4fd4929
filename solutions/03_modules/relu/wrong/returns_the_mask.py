"""Your result says which entries are positive. Is that what was asked for, or is a step missing to get from
there to the values?"""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return (X > 0).to(X.dtype)
