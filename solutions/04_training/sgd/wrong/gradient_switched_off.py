"""After your step `param.requires_grad` is False. What will the next backward() do for that parameter?"""


class SGD:
    def __init__(self, params, lr=1.0):
        self.params = list(params)
        self.lr = lr

    def step(self):
        for param in self.params:
            param.requires_grad_(False)
            param -= self.lr * param.grad

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()
