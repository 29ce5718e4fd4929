"""Tensors that a submission sends along with every answer are let go when nobody holds them.

exercise: relu
keeps: test_values test_any_shape test_dtype test_gradient test_in_the_middle_of_a_graph test_input_is_left_alone test_module_without_parameters
status: passed
"""

import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        if X.dtype == torch.float64 and X.requires_grad:
            ballast = torch.zeros(30 << 20, requires_grad=True)
            return X.clamp(min=0) + 0 * ballast[0]
        return X.clamp(min=0)
