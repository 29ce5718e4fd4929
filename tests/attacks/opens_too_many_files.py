"""Descriptors run out in the worker, before they do anywhere else.

exercise: relu
expect: raised skipped
"""

kept = []
while True:
    kept.append(open("/dev/null"))
