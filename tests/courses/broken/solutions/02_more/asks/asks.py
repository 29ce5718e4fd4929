def asks(x):
    return 2 * x
