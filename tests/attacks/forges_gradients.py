"""Gradients that do not fit their tensors, or too few of them, end the conversation.

exercise: matmul
keeps: test_forward
expect: crashed skipped
"""

import torch
from worker import protocol, serve, tensors

honest = serve.Worker._reply


def forge(self, number, result, out):
    if not isinstance(result, protocol.Products):
        return honest(self, number, result, out)
    body = protocol.Body()
    wrong = [[], [tensors.put(torch.zeros(7), body)] * 2, [None] * 50][number % 3]
    reply = protocol.Reply(number, protocol.Sync([], []), protocol.Products(wrong))
    return self._connection.send(reply, body)


serve.Worker._reply = forge


class MatMul(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X, Y):
        ctx.save_for_backward(X, Y)
        return X @ Y

    @staticmethod
    def backward(ctx, grad):
        X, Y = ctx.saved_tensors
        return grad @ Y.T, X.T @ grad
