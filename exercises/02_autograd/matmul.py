"""Matrix multiplication that brings its own gradients.

Write Z = X Y as a new operation for autograd: both directions by hand.

    X     (m, n)
    Y     (n, p)
    Z     (m, p)    Z[i, k] = sum over j of X[i, j] * Y[j, k]
    grad  (m, p)    dL/dZ, for whatever loss L was computed from Z later on

`MatMul.apply(X, Y)` runs your `forward`, which returns Z. When gradients are asked for, autograd hands the
incoming gradient to your `backward`, which returns two: dL/dX (m, n) and dL/dY (n, p), in this order.

What is graded
- Z, for all sizes of m, n and p from 1 on
- dL/dX and dL/dY, for every incoming gradient; also when only one of X and Y needs a gradient
- float32 matrices give float32 results, float64 matrices float64 results, without loss of precision
- X, Y and the incoming gradient may lie in memory in any way (a transpose, every second column)
- several uses in one computation don't disturb each other
- nothing of the caller's changes: neither X nor Y, nor their `.grad`, nor the incoming gradient

Batches of matrices and second derivatives aren't asked for. A file that lets autograd work out a gradient
(`torch.autograd.grad`, `.backward()`, `torch.func` ...) earns no points; to try things out, write below
`if __name__ == "__main__":`.
"""

import torch


class MatMul(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X, Y):
        raise NotImplementedError

    @staticmethod
    def backward(ctx, grad):
        raise NotImplementedError
