"""Names that are equal to every name are not found among the names of parameters.

exercise: linear
expect: failed raised skipped
"""

from torch import nn


class Name(str):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return hash("weight")


class Linear(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()

    def named_parameters(self):
        return [(Name("a"), None), (Name("b"), None)]

    def forward(self, X):
        return None
