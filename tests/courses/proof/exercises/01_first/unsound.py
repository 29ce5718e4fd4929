"""An exercise whose suite is wrong."""


def three():
    raise NotImplementedError
