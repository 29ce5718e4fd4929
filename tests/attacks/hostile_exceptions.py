"""Messages of a hundred megabytes, of escapes and of lone surrogates, or none at all, are cut and shown as text.

exercise: relu
expect: raised skipped
"""

import random

ESCAPES = "\x1b[2J\x1b[1;32mPASSED\x1b[0m\x1b]0;pwned\x07\u202egnp.exe\ud800\udfff\x00\r\n<script>alert(1)</script>"


class Silent(Exception):
    def __str__(self):
        raise SystemExit


class Endless(Exception):
    def __str__(self):
        return "x" * 100_000_000

    __repr__ = __str__


class Wide(Exception):
    def __str__(self):
        return "\ud800" * 20_000


Named = type("\ud800<b>" + "N" * 1_000_000, (Exception,), {"__module__": "\x1b[31m"})


class ReLU:
    def __init__(self):
        raise random.choice([Silent(), Endless(), Wide(), Named(ESCAPES), ValueError(ESCAPES), KeyError(ESCAPES)])
