def empty_title(x):
    return 2 * x
