"""Which value goes into the second layer: X, or what the first layer made of it?"""

from torch.nn import Module, ModuleList


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = ModuleList(layers)

    def forward(self, X):
        out = X
        for layer in self.layers:
            out = layer(X)
        return out
