"""List the parameters of your module. What would an optimizer do with the slope, and would the result still
be max(X, 0) afterwards?"""

import torch
from torch.nn import Module, Parameter


class ReLU(Module):
    def __init__(self):
        super().__init__()
        self.slope = Parameter(torch.zeros(()))

    def forward(self, X):
        return X.clamp(min=0) + self.slope.to(X.dtype) * X.clamp(max=0)
