"""Tensors whose shape and bytes disagree, or that name unknown dtypes and devices, are refused.

exercise: relu
expect: crashed skipped
"""

import random

from worker import protocol, serve

honest = serve.Worker._reply
LIES = [
    protocol.TensorData("float32", [6, 5], [], "cpu", 0, 4),
    protocol.TensorData("float32", [6, 5], [], "cpu", 1 << 40, 120),
    protocol.TensorData("float32", [-1, -30], [], "cpu", 0, 120),
    protocol.TensorData("float32", [1 << 40, 1 << 40, 1 << 40], [], "cpu", 0, 0),
    protocol.TensorData("float32", [1 << 40, 1 << 40, 1 << 40], [], "meta", 0, 0),
    protocol.TensorData("float32", [0, 1 << 40, 1 << 40, 1 << 40], [], "cpu", 0, 0),
    protocol.TensorData("float32", [1] * 1000, [], "cpu", 0, 4),
    protocol.TensorData("qint8", [4], [], "cpu", 0, 4),
    protocol.TensorData("float32", [1], [], "privateuseone:7", 0, 4),
    protocol.TensorData("float32", [1], [], "cuda:9999", 0, 4),
    protocol.TensorData("float32", [30], [-1], "cpu", 0, 120),
]


def lie(self, number, result, out):
    if isinstance(result, protocol.Returned) and isinstance(result.value, (protocol.New, protocol.Result)):
        body = protocol.Body()
        body.add(bytes(4096), 4096)
        value = protocol.New(-7000 - number, random.choice(LIES), False, False, False, None)
        reply = protocol.Reply(number, protocol.Sync([], []), protocol.Returned(value))
        return self._connection.send(reply, body)
    return honest(self, number, result, out)


serve.Worker._reply = lie


class ReLU:
    def __call__(self, X):
        return X.clamp(min=0)

    def parameters(self):
        raise ValueError
