def no_metadata(x):
    return 2 * x
