"""Who decides whether a loss is a sum or a mean over the rows? If the loss takes a mean, where has the factor
1/m gone already before grad reaches you?"""

from torch.autograd import Function


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        return grad @ Y.T, X.T @ grad / X.shape[0]
