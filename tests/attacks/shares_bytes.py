"""A thousand tensors made of the same bytes are refused: the judge would pay a thousand times.

exercise: matmul
expect: crashed skipped failed
"""

import torch
from worker import protocol, serve, tensors


def repeated(self, number, result, out):
    body = protocol.Body()
    data = tensors.put(torch.zeros(128 << 20, dtype=torch.uint8), body)
    lie = protocol.TensorData("bool", data.shape, [], "cpu", data.at, data.size)
    many = [protocol.New(-i, lie, False, False, False, None) for i in range(1, 2000)]
    reply = protocol.Reply(number, protocol.Sync([], []), protocol.Returned(protocol.SequenceValue("list", many)))
    self._connection.send(reply, body)


serve.Worker._reply = repeated
