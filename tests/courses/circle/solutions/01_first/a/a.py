def a(x):
    return 2 * x
