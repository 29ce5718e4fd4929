def wrong_item(x):
    return 2 * x
