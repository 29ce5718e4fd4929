"""Registers each layer as an attribute of its own and looks the names up in order."""

from torch.nn import Module


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.count = len(layers)
        for i, layer in enumerate(layers):
            setattr(self, f"layer{i}", layer)

    def forward(self, X):
        for i in range(self.count):
            X = getattr(self, f"layer{i}")(X)
        return X
