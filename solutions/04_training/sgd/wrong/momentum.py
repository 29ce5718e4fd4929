"""The first step is right, the second one isn't. What does your optimizer still remember of the first
round?"""

import torch


class SGD:
    def __init__(self, params, lr=1.0):
        self.params = list(params)
        self.lr = lr
        self.velocity = [torch.zeros_like(param) for param in self.params]

    def step(self):
        with torch.no_grad():
            for velocity, param in zip(self.velocity, self.params, strict=True):
                velocity.mul_(0.9).add_(param.grad)
                param -= self.lr * velocity

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()
