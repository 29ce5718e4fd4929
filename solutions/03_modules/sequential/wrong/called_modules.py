"""What is `Module.modules` before you assign to it? Which of the two does `self.modules` in forward give
you?"""

from torch.nn import Module, ModuleList


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.modules = ModuleList(layers)

    def forward(self, X):
        out = X
        for layer in self.modules:
            out = layer(out)
        return out
