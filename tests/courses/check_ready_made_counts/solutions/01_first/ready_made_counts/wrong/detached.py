"""What becomes of the gradient of X?"""


def square(X):
    return X * X.detach()
