"""Return twice x."""


def other(x):
    raise NotImplementedError
