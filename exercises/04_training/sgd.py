"""Gradient descent: the optimizer that moves parameters against their gradients.

    opt = SGD(model.parameters(), lr=0.1)
    ...
    opt.zero_grad()     # forget the gradients of the last round
    loss.backward()     # autograd fills p.grad for each parameter p
    opt.step()          # p <- p - lr * p.grad, for each parameter p

`params` is anything that can be looped over once: a list, a tuple, or a generator as `model.parameters()` is.
`lr` is 1.0 unless another value is given.

What is graded
- `step()` changes every parameter by -lr times what its `.grad` holds at that moment, round after round
- the parameters stay the same tensors, which need gradients and are no part of any computation: the next
  `backward()` works, and `step()` itself leaves no trace in autograd
- `step()` leaves the gradients as they are
- after `zero_grad()` every gradient is zero, or None, and the parameters are as before
- `zero_grad()` also works while some gradients, or all of them, are None
- there may be several optimizers at a time, each with parameters and a learning rate of its own

`step()` is only called when each parameter has a gradient. Using `torch.optim` earns no points.
"""


class SGD:
    def __init__(self, params, lr=1.0):
        raise NotImplementedError

    def step(self):
        raise NotImplementedError

    def zero_grad(self):
        raise NotImplementedError
