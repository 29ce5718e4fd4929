"""Is X itself twice as much?"""


def double(X):
    return X
