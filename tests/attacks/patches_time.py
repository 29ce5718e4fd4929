"""The clock that counts is the judge's.

exercise: relu
keeps: test_module_without_parameters test_any_shape test_values test_gradient test_in_the_middle_of_a_graph test_input_is_left_alone
expect: timed_out
"""

import signal
import time

import torch
from torch.nn import Module

time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass


class ReLU(Module):
    def forward(self, X):
        while X.dtype == torch.float64:
            pass
        return X.clamp(min=0)
