"""Compare id(params[0]) before and after SGD(params). Which tensor has the model, and which one is in the list?"""

import torch


class SGD:
    def __init__(self, params, lr=1.0):
        if isinstance(params, list):
            for i, p in enumerate(params):
                params[i] = torch.nn.Parameter(p.detach())
        self.params = list(params)
        self.lr = lr

    def step(self):
        with torch.no_grad():
            for p in self.params:
                p -= self.lr * p.grad

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.zero_()
