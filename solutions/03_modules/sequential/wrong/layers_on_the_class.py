"""Make two models and call the first one. An attribute of the class belongs to all objects of that class:
whose layers does it hold now?"""

from torch.nn import Module


class Sequential(Module):
    layers = ()

    def __init__(self, *layers):
        super().__init__()
        Sequential.layers = layers
        for i, layer in enumerate(layers):
            self.add_module(str(i), layer)

    def forward(self, X):
        out = X
        for layer in self.layers:
            out = layer(out)
        return out
