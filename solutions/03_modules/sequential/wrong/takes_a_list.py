"""How is the model made in the statement: Sequential([a, b]) or Sequential(a, b)? What does the star before
an argument's name do?"""

from torch.nn import Module, ModuleList


class Sequential(Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = ModuleList(layers)

    def forward(self, X):
        out = X
        for layer in self.layers:
            out = layer(out)
        return out
