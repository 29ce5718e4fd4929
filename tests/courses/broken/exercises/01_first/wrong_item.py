"""Return twice x."""


def wrong_item(x):
    raise NotImplementedError
