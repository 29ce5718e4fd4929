"""A step that zeroes the gradients leaves no step that would have been right without moving.

exercise: sgd
keeps: test_parameters_stay_parameters test_zero_grad test_zero_grad_without_gradients
expect: failed skipped
"""


class SGD:
    def __init__(self, params, lr=1.0):
        self.params = list(params)

    def step(self):
        for p in self.params:
            p.grad.zero_()

    def zero_grad(self):
        for p in self.params:
            p.grad = None
