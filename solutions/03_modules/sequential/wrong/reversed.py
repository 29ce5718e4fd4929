"""Which layer is the innermost one in `layer3(layer2(layer1(X)))`? Which one does your loop call first?"""

from torch.nn import Module, ModuleList


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = ModuleList(layers)

    def forward(self, X):
        out = X
        for layer in reversed(self.layers):
            out = layer(out)
        return out
