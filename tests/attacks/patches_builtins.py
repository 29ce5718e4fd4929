"""Replacing builtins breaks the submission's own process and no other.

exercise: linear
expect: failed raised crashed skipped timed_out
"""

import builtins

builtins.AssertionError = builtins.ValueError = Exception
builtins.open = builtins.print = lambda *args, **kwargs: None
builtins.all = builtins.any = builtins.isinstance = builtins.hasattr = builtins.callable = lambda *args: True
builtins.abs = builtins.len = lambda *args: 0


class Linear:
    def __init__(self, *args, **kwargs):
        self.weight = self.bias = None
