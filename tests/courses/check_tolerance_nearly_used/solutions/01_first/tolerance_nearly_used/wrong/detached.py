"""What becomes of the gradient of X?"""


def double(X):
    return 2 * X.detach()
