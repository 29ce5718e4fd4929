"""Use one ReLU twice, on tensors of different signs, and only then compute gradients. Which mask does your
class still have at that moment?"""

import torch
from torch.nn import Module


class Rectify(torch.autograd.Function):
    mask = None

    @staticmethod
    def forward(ctx, X):
        Rectify.mask = X > 0
        return X * Rectify.mask

    @staticmethod
    def backward(ctx, grad):
        return grad * Rectify.mask


class ReLU(Module):
    def forward(self, X):
        return Rectify.apply(X)
