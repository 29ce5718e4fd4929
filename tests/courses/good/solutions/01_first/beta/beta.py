def beta(x):
    return 2 * x
