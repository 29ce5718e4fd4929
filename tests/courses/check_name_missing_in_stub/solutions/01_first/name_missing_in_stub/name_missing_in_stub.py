"""Reference solution."""


def double(X):
    return 2 * X


def triple(X):
    return 3 * X
