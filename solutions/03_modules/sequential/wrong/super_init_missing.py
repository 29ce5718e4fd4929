"""A Module keeps a register of its submodules. Who sets up that register, and has it happened when you assign
the first module?"""

from torch.nn import Module, ModuleList


class Sequential(Module):
    def __init__(self, *layers):
        self.layers = ModuleList(layers)

    def forward(self, X):
        out = X
        for layer in self.layers:
            out = layer(out)
        return out
