def same(x):
    return 2 * x
