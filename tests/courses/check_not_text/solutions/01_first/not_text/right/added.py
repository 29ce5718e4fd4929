"""Adds."""


def double(X):
    return X + X  # café
