"""Reference solution."""


def double(X):
    """Twice."""
    return 2 * X
