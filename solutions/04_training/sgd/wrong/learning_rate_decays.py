"""Your second step is smaller than the first one. Does the statement speak of a learning rate that
shrinks?"""

import torch


class SGD:
    def __init__(self, params, lr=1.0):
        self.params = list(params)
        self.lr = lr
        self.rounds = 0

    def step(self):
        self.rounds += 1
        with torch.no_grad():
            for param in self.params:
                param -= self.lr / self.rounds * param.grad

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()
