"""Your forward is right. In backward, where did the incoming gradient pass, and where should it stop? Which
entries of X had no influence on the result?"""

import torch
from torch.nn import Module


class Rectify(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X):
        return X.clamp(min=0)

    @staticmethod
    def backward(ctx, grad):
        return grad


class ReLU(Module):
    def forward(self, X):
        return Rectify.apply(X)
