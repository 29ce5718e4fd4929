def BadName(x):
    return 2 * x
