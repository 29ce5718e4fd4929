"""Return twice x."""


def typo(x):
    raise NotImplementedError
