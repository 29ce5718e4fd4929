"""What comes out for -2, and what does the statement say should come out?"""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return X.abs()
