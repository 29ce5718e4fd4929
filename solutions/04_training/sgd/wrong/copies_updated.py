"""`clone()` makes a tensor of its own. Which one do you update, and which one does the model use? Does a
clone have the gradient?"""


class SGD:
    def __init__(self, params, lr=1.0):
        self.originals = list(params)
        self.params = [param.detach().clone() for param in self.originals]
        self.lr = lr

    def step(self):
        for param, original in zip(self.params, self.originals, strict=True):
            param -= self.lr * original.grad

    def zero_grad(self):
        for param in self.originals:
            if param.grad is not None:
                param.grad.zero_()
