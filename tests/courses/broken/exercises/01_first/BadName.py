"""Return twice x."""


def BadName(x):
    raise NotImplementedError
