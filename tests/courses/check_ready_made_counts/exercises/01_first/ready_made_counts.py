"""Twice X, a tensor of any shape."""


def square(X):
    raise NotImplementedError
