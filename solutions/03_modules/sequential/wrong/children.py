"""`children()` lists each module once. What becomes of a layer that was given twice?"""

from torch.nn import Module


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        for i, layer in enumerate(layers):
            self.add_module(str(i), layer)

    def forward(self, X):
        out = X
        for layer in self.children():
            out = layer(out)
        return out
