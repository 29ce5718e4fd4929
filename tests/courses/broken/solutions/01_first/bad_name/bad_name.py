def bad_name(x):
    return 2 * x
