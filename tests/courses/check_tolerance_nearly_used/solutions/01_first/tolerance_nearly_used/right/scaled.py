"""Multiplies by a number that is not quite two."""


def double(X):
    return 1.9999998 * X
