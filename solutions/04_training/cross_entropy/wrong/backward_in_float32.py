"""Call backward() for an H of float64. Which dtype has a tensor that torch.ones makes?"""

import torch
from torch.autograd import Function
from torch.nn import Module


class MeanLoss(Function):
    @staticmethod
    def forward(ctx, H, Y):
        ctx.save_for_backward(torch.softmax(H, dim=1), Y[:, None])
        return (torch.logsumexp(H, dim=1) - H[torch.arange(len(Y)), Y]).mean()

    @staticmethod
    def backward(ctx, grad):
        P, labels = ctx.saved_tensors
        return grad * P.scatter_add(1, labels, -torch.ones(labels.shape)) / len(P), None


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        return MeanLoss.apply(H, Y)
