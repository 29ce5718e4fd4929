"""Parameters without end, from a generator or an iterator, are walked until time is up.

exercise: sequential
expect: timed_out failed skipped raised
"""

import itertools

import torch
from torch import nn


class Sequential(nn.Module):
    def __init__(self, *layers):
        super().__init__()

    def parameters(self, recurse=True):
        while True:
            yield torch.zeros(1)

    def forward(self, X):
        return itertools.repeat(X)
