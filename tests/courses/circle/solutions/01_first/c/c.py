def c(x):
    return 2 * x
