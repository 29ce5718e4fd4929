def not_toml(x):
    return 2 * x
