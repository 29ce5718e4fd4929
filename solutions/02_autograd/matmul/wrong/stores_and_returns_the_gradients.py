"""Your gradients are right. But after `loss.backward()` X.grad is twice what it should be: who else, apart
from you, writes to `.grad`?"""

from torch.autograd import Function


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        X.grad = grad @ Y.T
        Y.grad = X.T @ grad
        return X.grad.clone(), Y.grad.clone()
