"""Recursion in Python, in repr and in C is an exception or a crash of the worker.

exercise: relu
expect: raised crashed failed skipped timed_out
"""

import random
import sys

from torch.nn import Module


class Deep:
    def __repr__(self):
        return repr(self)

    def __getattr__(self, name):
        return getattr(self, name + "x")

    def __eq__(self, other):
        return self == other

    __hash__ = None


def python():
    python()


def stack():
    sys.setrecursionlimit(1 << 30)
    value = None
    for _ in range(1_000_000):
        value = [value]
    repr(value)


class ReLU(Module):
    def __init__(self):
        super().__init__()
        random.choice([python, stack, lambda: repr(Deep()), lambda: Deep().x, lambda: Deep() == Deep()])()
        raise ValueError
