"""Return twice x."""


def not_toml(x):
    raise NotImplementedError
