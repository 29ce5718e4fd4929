"""Print `list(model.parameters())`. A Module registers modules that are assigned to its attributes. Is a
Python list a module?"""

from torch.nn import Module


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = list(layers)

    def forward(self, X):
        out = X
        for layer in self.layers:
            out = layer(out)
        return out
