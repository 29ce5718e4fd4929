"""Print X after a call under no_grad. Does X belong to your module when no gradient is needed?"""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        if X.requires_grad:
            return X.clamp(min=0)
        return X.clamp_(min=0)
