"""StopIteration out of every call ends no loop of the suite early with a pass.

exercise: sequential
expect: raised failed skipped
"""

from torch import nn


class Sequential(nn.Module):
    def __init__(self, *layers):
        super().__init__()

    def forward(self, X):
        raise StopIteration

    def parameters(self):
        raise StopIteration

    def __iter__(self):
        raise StopIteration
