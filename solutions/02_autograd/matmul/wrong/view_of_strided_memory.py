"""What does `view` ask of the way a tensor lies in memory, and what does `reshape` ask? Try your function on
`torch.randn(3, 5).T`."""

from torch.autograd import Function


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        m, n = X.shape
        cube = X.view(m * n, 1) * Y.repeat(m, 1)
        return cube.view(m, n, -1).sum(1)

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        return grad @ Y.T, X.T @ grad
