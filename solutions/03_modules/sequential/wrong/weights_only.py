"""What does list(model.parameters()) hold? And what does torch's own method give when you leave yours out?"""

from torch.nn import Module, ModuleList


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = ModuleList(layers)

    def parameters(self, recurse=True):
        return iter({id(layer): layer.weight for layer in self.layers if hasattr(layer, "weight")}.values())

    def forward(self, X):
        for layer in self.layers:
            X = layer(X)
        return X
