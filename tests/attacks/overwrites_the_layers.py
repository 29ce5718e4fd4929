"""A model that zeroes the layers that it was given, and returns zeros, has applied nothing.

exercise: sequential
keeps: test_parameters
expect: failed skipped
"""

import torch
from torch import nn


class Sequential(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, X):
        X.data.zero_()
        width = X.shape[-1]
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()
        for layer in self.layers:
            width = getattr(layer, "out_features", width)
        return X.new_zeros(*X.shape[:-1], width)
