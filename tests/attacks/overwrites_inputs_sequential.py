"""Layers that are applied to zeros, because the model overwrote its input, are not applied to the input.

exercise: sequential
keeps: test_parameters
expect: failed skipped
"""

from torch import nn


class Sequential(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, X):
        X.data.zero_()
        for layer in self.layers:
            X = layer(X)
        return X
