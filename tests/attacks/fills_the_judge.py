"""A submission that grows the tensors of the suite, which the judge then multiplies, fills no memory but its share.

exercise: sequential
keeps: test_parameters
expect: failed skipped raised crashed out_of_memory timed_out
"""

import torch
from torch import nn


class Sequential(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, X):
        for parameter in self.layers[0].parameters():
            parameter.data = torch.ones((40_000, 4)[: parameter.dim()])
        X.data = torch.ones(40_000, 4)
        return X
