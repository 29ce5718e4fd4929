"""An endless loop at import is told once; the other checks do not try again.

exercise: linear
expect: timed_out skipped
"""

while True:
    pass
