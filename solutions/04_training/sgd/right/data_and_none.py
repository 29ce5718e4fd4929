"""Writes through .data; zero_grad removes the gradients."""


class SGD:
    def __init__(self, params, lr=1.0):
        self.params, self.lr = tuple(params), lr

    def step(self):
        for param in self.params:
            param.data.add_(param.grad, alpha=-self.lr)

    def zero_grad(self):
        for param in self.params:
            param.grad = None
