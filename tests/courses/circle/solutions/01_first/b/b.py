def b(x):
    return 2 * x
