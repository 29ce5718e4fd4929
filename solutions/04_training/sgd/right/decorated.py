"""no_grad as a decorator, skips parameters without a gradient, new zeros for the gradients."""

import torch


class SGD:
    def __init__(self, params, lr=1.0):
        self.params = [*params]
        self.lr = lr

    @torch.no_grad()
    def step(self):
        for param in self.params:
            if param.grad is None:
                continue
            param.copy_(param - self.lr * param.grad)

    @torch.no_grad()
    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad = torch.zeros_like(param)
