def zero_limit(x):
    return 2 * x
