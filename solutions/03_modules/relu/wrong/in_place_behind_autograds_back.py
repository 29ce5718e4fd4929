"""Autograd did not complain, but did it see what you did? Print X after the call, then look at the gradient
where X was negative."""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        X.data.clamp_(min=0)
        return X * 1
