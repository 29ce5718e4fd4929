"""Twice X, a tensor of any shape."""


def double(X, twice=True):
    raise NotImplementedError
