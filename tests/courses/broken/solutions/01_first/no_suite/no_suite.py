def no_suite(x):
    return 2 * x
