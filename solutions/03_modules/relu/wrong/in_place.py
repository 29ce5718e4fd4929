"""Call the module on X and print X afterwards. Whose tensor is it that you write zeros into, and who may
still need the old values?"""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        X[X < 0] = 0
        return X
