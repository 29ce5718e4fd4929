def typo(x):
    return 2 * x
