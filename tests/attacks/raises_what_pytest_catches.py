"""Exceptions that would skip a check or end a session are errors of the submission.

exercise: relu
expect: raised failed skipped
"""

import random


def hostile():
    yield SystemExit(0)
    yield KeyboardInterrupt()
    yield GeneratorExit()
    yield StopIteration()
    yield StopAsyncIteration()
    try:
        import pytest

        yield pytest.skip.Exception("no need to check this")
        yield pytest.xfail.Exception("as expected")
        yield pytest.exit.Exception("all done", 0)
    except ImportError:
        pass


class Passed(BaseException):
    pass


Passed.__module__, Passed.__qualname__ = "_pytest.outcomes", "Skipped"


class ReLU:
    def __init__(self):
        # Each check has a seed of its own, so each is met with another one.
        raise random.choice([*hostile(), Passed()])
