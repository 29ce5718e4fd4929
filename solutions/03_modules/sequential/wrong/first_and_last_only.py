"""Give the model four layers that each print their name. Which of them run?"""

from torch.nn import Module, ModuleList


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = ModuleList(layers)
        self.first, self.last = layers[0], layers[-1]

    def forward(self, X):
        return self.last(self.first(X))
