"""A generator can be looped over once. What does it give to the second loop, and how could you keep what came
out of the first?"""

import torch


class SGD:
    def __init__(self, params, lr=1.0):
        self.params = params
        self.lr = lr

    def step(self):
        with torch.no_grad():
            for param in self.params:
                param -= self.lr * param.grad

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()
