"""A model that zeroes the layers as soon as it gets them, and again in forward, cannot make the suite expect zeros.

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
        self.overwrite()

    def overwrite(self):
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()

    def forward(self, X):
        self.overwrite()
        X.data.zero_()
        for layer in self.layers:
            X = X.new_zeros(*X.shape[:-1], getattr(layer, "out_features", X.shape[-1]))
        return X
