def wrong_type(x):
    return 2 * x
