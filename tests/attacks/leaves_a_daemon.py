"""A process put out of reach of the worker's group, with children of its own, is gone with the exercise.

exercise: relu
confined: not_permitted skipped
keeps_confined: nothing
keeps: test_values test_any_shape test_dtype test_gradient test_in_the_middle_of_a_graph test_input_is_left_alone test_module_without_parameters
status: passed
"""

import os
import signal
import threading

from torch.nn import Module


def daemon(generations):
    if os.fork():
        return
    os.setsid()
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.closerange(0, 4096)
    if generations:
        daemon(generations - 1)
    threading.Event().wait()


daemon(4)


class ReLU(Module):
    def forward(self, X):
        return X.clamp(min=0)
