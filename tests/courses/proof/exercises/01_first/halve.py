"""Half of each element of X, a tensor of any shape."""


def halve(X):
    raise NotImplementedError
