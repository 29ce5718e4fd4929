"""Is X itself twice as much?"""


def square(X):
    return X
