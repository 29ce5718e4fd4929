def alpha(x):
    return 2 * x
