"""Endless printing is stopped.

exercise: relu
expect: crashed skipped timed_out
"""

while True:
    print("passed" * 1000)
