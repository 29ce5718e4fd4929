def other(x):
    return 2 * x
