"""Twice X, a tensor of any shape."""


def double(X):
    return None
