"""Replies sent before the request are no better than replies, and the real one is then a stray.

exercise: matmul
expect: crashed failed skipped
"""

import torch
from worker import protocol, serve, tensors

honest = serve.Worker._reply


def eager(self, number, result, out):
    honest(self, number, result, out)
    for ahead in range(1, 6):
        body = protocol.Body()
        data = tensors.put(torch.zeros(4, 4), body)
        value = protocol.New(-1000 - number - ahead, data, False, False, False, None)
        reply = protocol.Reply(number + ahead, protocol.Sync([], []), protocol.Returned(value))
        self._connection.send(reply, body)


serve.Worker._reply = eager


class MatMul:
    @staticmethod
    def apply(X, Y):
        return torch.zeros(len(X), Y.shape[1])
