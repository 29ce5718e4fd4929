"""Objects whose pickle is a command are never pickled or unpickled outside the worker.

exercise: relu
keeps: test_input_is_left_alone test_module_without_parameters
expect: failed raised skipped
"""

import os
import pathlib

import torch
from torch.nn import Module


class Command:
    def __reduce__(self):
        return pathlib.Path.write_text, (pathlib.Path("@COURSE@/tests/attacks/.pickled"), "a command ran")

    __reduce_ex__ = lambda self, protocol: self.__reduce__()
    __getstate__ = __reduce__


class Error(Exception):
    def __init__(self):
        super().__init__(Command())

    __reduce__ = Command.__reduce__


class ReLU(Module):
    def __init__(self):
        super().__init__()
        self.command = Command()
        self.calls = 0

    def forward(self, X):
        self.calls += 1
        X.command = Command()
        if self.calls % 3 == 0:
            raise Error
        return [Command(), {"X": Command()}, X][self.calls % 3]
