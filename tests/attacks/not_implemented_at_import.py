"""NotImplementedError at import is an exercise that nobody attempted, and no points.

exercise: linear
status: not_attempted
"""

raise NotImplementedError
