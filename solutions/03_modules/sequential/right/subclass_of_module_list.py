"""Is itself the list."""

from torch.nn import ModuleList


class Sequential(ModuleList):
    def __init__(self, *layers):
        super().__init__(layers)

    def forward(self, X):
        for layer in self:
            X = layer(X)
        return X
