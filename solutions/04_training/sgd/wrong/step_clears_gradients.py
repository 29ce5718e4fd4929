"""Somebody wants to look at the gradients after the step. Whose work is it to clear them?"""

import torch


class SGD:
    def __init__(self, params, lr=1.0):
        self.params = list(params)
        self.lr = lr

    def step(self):
        with torch.no_grad():
            for param in self.params:
                param -= self.lr * param.grad
                param.grad = None

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()
