"""Twice X, a tensor of any shape."""


def double(X):
    raise NotImplementedError
