def zeta(x):
    return 2 * x
