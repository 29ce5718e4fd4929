"""What is the factor, exactly?"""


def double(X):
    return 2.0000005 * X
