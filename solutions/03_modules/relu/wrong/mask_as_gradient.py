"""Your backward returns 1 where X > 0. That is the derivative of ReLU, but what else has to be in dL/dX by
the chain rule, and which argument of backward brings it?"""

import torch
from torch.nn import Module


class Rectify(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X):
        ctx.save_for_backward(X)
        return X.clamp(min=0)

    @staticmethod
    def backward(ctx, grad):
        (X,) = ctx.saved_tensors
        return (X > 0).to(X.dtype)


class ReLU(Module):
    def forward(self, X):
        return Rectify.apply(X)
