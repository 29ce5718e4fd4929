"""Why does autograd refuse to let you write into a leaf? Is the update a part of the function whose gradient
is wanted, or does it happen outside of it?"""


class SGD:
    def __init__(self, params, lr=1.0):
        self.params = list(params)
        self.lr = lr

    def step(self):
        for param in self.params:
            param -= self.lr * param.grad

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()
