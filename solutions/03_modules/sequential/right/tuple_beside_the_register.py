"""Runs from a plain tuple; a ModuleList is there for the register only."""

from torch.nn import Module, ModuleList


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.order = layers
        self.registered = ModuleList(layers)

    def forward(self, *inputs):
        (out,) = inputs
        for layer in self.order:
            out = layer(out)
        return out
