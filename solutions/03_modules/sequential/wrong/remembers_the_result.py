"""After a training step the layers have other weights. What does your model return for an X that it has seen before?"""

from torch.nn import Module, ModuleList


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = ModuleList(layers)
        self.seen = self.result = None

    def forward(self, X):
        if self.seen is not X:
            out = X
            for layer in self.layers:
                out = layer(out)
            self.seen, self.result = X, out
        return self.result
