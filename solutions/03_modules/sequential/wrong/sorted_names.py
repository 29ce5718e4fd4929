"""Sort the texts '0' to '11'. Which one comes after '1'?"""

from torch.nn import Module


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        for i, layer in enumerate(layers):
            self.add_module(str(i), layer)

    def forward(self, X):
        out = X
        for name in sorted(self._modules):
            out = self._modules[name](out)
        return out
