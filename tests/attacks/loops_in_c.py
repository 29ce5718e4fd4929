"""An endless loop that never lets go of the interpreter's lock is ended from outside.

exercise: relu
keeps: test_values test_any_shape test_gradient test_in_the_middle_of_a_graph test_input_is_left_alone test_module_without_parameters
expect: timed_out
"""

import re

import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        if X.dtype == torch.float64:
            re.match(r"(a|a)*b", "a" * 60)
        return X.clamp(min=0)
