"""A metaclass that answers nothing about its class, and a name that is no text, stop nobody.

exercise: relu
expect: raised failed crashed skipped
"""


class Meta(type):
    @property
    def __module__(cls):
        raise SystemExit

    @property
    def __qualname__(cls):
        raise KeyboardInterrupt

    def mro(cls):
        return [cls, object]


class Nameless(metaclass=Meta):
    __name__ = 5

    def __call__(self, X):
        return self


ReLU = Nameless
