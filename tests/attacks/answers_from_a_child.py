"""A child that answers in the worker's place speaks for the same submission: right answers are right, and it is ended.

exercise: relu
confined: not_permitted skipped
keeps_confined: nothing
keeps: test_dtype test_input_is_left_alone test_module_without_parameters
expect: failed skipped crashed timed_out
"""

import os
import signal

from torch.nn import Module

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork():
    signal.pause()
else:
    os.setsid()


class ReLU(Module):
    def forward(self, X):
        return X * 1.0
