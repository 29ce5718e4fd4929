"""Subclasses of float, int and str that are equal to everything are objects, not numbers.

exercise: cross_entropy
keeps: test_inputs_are_left_alone
expect: failed raised skipped
"""


class Yes(float):
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __sub__ = __rsub__ = __abs__ = lambda self, *other: Yes(0)
    __hash__ = float.__hash__

    def __float__(self):
        return 0.0


def cross_entropy(H, Y):
    return Yes(1)


class CrossEntropyLoss:
    def __call__(self, H, Y):
        return Yes(1)
