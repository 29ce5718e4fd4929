"""Endless printing is stopped.

exercise: relu
expect: too_much_output skipped
"""

while True:
    print("passed" * 1000)
