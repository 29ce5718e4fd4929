def fine(x):
    return 2 * x
