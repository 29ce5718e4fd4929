"""An optimizer that zeroes the parameters when it gets them has not stepped from where they were.

exercise: sgd
keeps: test_generator test_parameters_stay_parameters test_step_keeps_gradients test_zero_grad test_zero_grad_without_gradients
expect: failed skipped
"""

import torch


class SGD:
    def __init__(self, params, lr=1.0):
        self.params, self.lr = list(params), lr
        for p in self.params:
            p.data.zero_()

    @torch.no_grad()
    def step(self):
        for p in self.params:
            p.copy_(-self.lr * p.grad)

    def zero_grad(self):
        for p in self.params:
            p.grad = None
