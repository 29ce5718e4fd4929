"""Tracing and hooking the worker's own code shows values on their way out and gives no verdict.

exercise: relu
keeps: test_dtype test_input_is_left_alone test_module_without_parameters
expect: failed raised skipped timed_out
"""

import sys

from torch.nn import Module

seen = []


def tracer(frame, event, argument):
    if event == "call" and "worker" in frame.f_code.co_filename and frame.f_code.co_name == "raised":
        seen.append(frame.f_locals.get("error"))
    return None


class Finder:
    def find_spec(self, name, path=None, target=None):
        seen.append(name)


sys.settrace(tracer)
sys.setprofile(lambda *args: None)
sys.addaudithook(lambda event, args: None)
sys.meta_path.insert(0, Finder())
sys.excepthook = sys.unraisablehook = sys.displayhook = lambda *args: None


class ReLU(Module):
    def forward(self, X):
        return X * 1.0
