"""Updates a detached view, which shares its memory with the parameter."""


class SGD:
    def __init__(self, params, lr=1.0):
        self.learning_rate = lr
        self.by_number = dict(enumerate(params))

    def step(self):
        for param in self.by_number.values():
            view = param.detach()
            view.sub_(param.grad.detach().mul(self.learning_rate))

    def zero_grad(self):
        for param in self.by_number.values():
            if (grad := param.grad) is not None:
                grad.detach_()
                grad.mul_(0)
