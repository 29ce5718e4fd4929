"""Adds X to itself."""


def double(X):
    return X + X
