"""Tensors, objects, functions and lists that the judge never named cannot be referred to.

exercise: sequential
expect: crashed skipped
"""

import random

from worker import protocol, serve

honest = serve.Worker._reply
# Each check has a seed of its own, so each tells another lie.
INVENTED = [
    protocol.Returned(protocol.Known(123456)),
    protocol.Returned(protocol.Held(654321)),
    protocol.Returned(protocol.Same(77)),
    protocol.Returned(None, [(5, protocol.SequenceValue("list", []))]),
    protocol.Callback(424242, [], []),
    protocol.Products([]),
    protocol.Returned(protocol.Handle(99, [], "", False, False)),
    protocol.Returned(protocol.TorchName("dtype", "torch.nn")),
    protocol.Returned(protocol.TorchName("dtype", "_dynamo")),
    protocol.Returned(protocol.SequenceValue("namespace", [])),
]
loaded = []


def invent(self, number, result, out):
    if not loaded:
        loaded.append(True)
        return honest(self, number, result, out)
    self._connection.send(protocol.Reply(number, protocol.Sync([], []), random.choice(INVENTED)), protocol.Body())


serve.Worker._reply = invent
