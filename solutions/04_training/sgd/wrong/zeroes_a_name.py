"""`grad = 0` changes what the name `grad` stands for. Has anything happened to the tensor that it stood for
before?"""

import torch


class SGD:
    def __init__(self, params, lr=1.0):
        self.params = list(params)
        self.lr = lr

    def step(self):
        with torch.no_grad():
            for param in self.params:
                param -= self.lr * param.grad

    def zero_grad(self):
        for param in self.params:
            grad = param.grad
            if grad is not None:
                grad = torch.zeros_like(grad)
