"""Which dtype does `torch.zeros(X.shape)` have, whatever X is? What would the tensor have to take from X
besides its shape?"""

import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        out = torch.zeros(X.shape)
        out[X > 0] = X[X > 0]
        return out
