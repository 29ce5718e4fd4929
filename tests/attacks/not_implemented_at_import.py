"""NotImplementedError at import is an exercise that nobody attempted, and no points.

exercise: linear
expect: not_implemented skipped
status: not_attempted
"""

raise NotImplementedError
