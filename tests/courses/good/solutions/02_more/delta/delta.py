def delta(x):
    return 2 * x
