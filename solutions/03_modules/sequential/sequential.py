"""Reference solution: a ModuleList registers the layers, a loop applies them."""

from torch.nn import Module, ModuleList


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = ModuleList(layers)

    def forward(self, X):
        out = X
        for layer in self.layers:
            out = layer(out)
        return out
