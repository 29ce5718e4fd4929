"""Return twice x."""


def bad_name(x):
    raise NotImplementedError
