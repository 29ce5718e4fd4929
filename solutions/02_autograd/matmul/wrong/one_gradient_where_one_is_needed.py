"""How many values does backward have to return? Does that number depend on which inputs need a gradient?"""

from torch.autograd import Function


class MatMul(Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        dX, dY = grad @ Y.T, X.T @ grad
        if not ctx.needs_input_grad[1]:
            return dX
        if not ctx.needs_input_grad[0]:
            return dY
        return dX, dY
