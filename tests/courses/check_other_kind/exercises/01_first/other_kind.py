"""Twice X, a tensor of any shape."""


class double:
    def __init__(self, X):
        raise NotImplementedError
