"""A crash of the interpreter is the outcome crashed; the checks that it does not reach keep their points.

exercise: cross_entropy
keeps: test_value test_gradient test_large_logits test_rows_of_different_size test_confident_mistakes test_gradient_of_hard_logits test_inputs_are_left_alone
expect: crashed
"""

import ctypes

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        if H.dtype == torch.float64:
            ctypes.string_at(0)
        return (torch.logsumexp(H, dim=1) - H[torch.arange(len(Y)), Y]).mean()
