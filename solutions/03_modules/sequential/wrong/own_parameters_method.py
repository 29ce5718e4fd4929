"""An optimizer finds the parameters now, since you list them yourself. But what else walks through the
submodules of a Module: how do `eval()` and `double()` find your layers, and what becomes of a layer that is
there twice?"""

from torch.nn import Module


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = list(layers)

    def parameters(self):
        for layer in self.layers:
            yield from layer.parameters()

    def forward(self, X):
        out = X
        for layer in self.layers:
            out = layer(out)
        return out
