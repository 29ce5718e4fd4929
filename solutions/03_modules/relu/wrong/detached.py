"""Does your result have a grad_fn? Everything that is computed from X.data is invisible to autograd: what
will be the gradient of X?"""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return X.data.clamp(min=0)
