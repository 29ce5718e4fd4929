"""Return twice x."""


def wrong_type(x):
    raise NotImplementedError
