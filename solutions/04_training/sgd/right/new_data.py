"""Swaps the data of each parameter for new numbers."""

import torch


class SGD:
    def __init__(self, params, lr=1.0):
        self.params = []
        for param in params:
            self.params.append(param)
        self.lr = torch.tensor(lr, dtype=torch.float64)

    def step(self):
        for param in self.params:
            param.data = param.data - self.lr.to(param.dtype) * param.grad

    def zero_grad(self):
        with torch.no_grad():
            for param in self.params:
                if param.grad is not None:
                    param.grad.fill_(0.0)
