"""A fold over the values of the register."""

from functools import reduce

from torch.nn import Module


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        for i, layer in enumerate(layers):
            self.add_module(str(i), layer)

    def forward(self, X):
        return reduce(lambda out, layer: layer(out), self._modules.values(), X)
