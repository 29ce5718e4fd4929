"""Return twice what you get, within limits."""


def double(x):
    """Return 2 x."""
    raise NotImplementedError
