"""Adds X to itself."""


def square(X):
    return X**2
