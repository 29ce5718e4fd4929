"""Which dtype does the result have?"""


def double(X):
    return (2 * X).half()
