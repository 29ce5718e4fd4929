"""A dict whose keys all have one hash is refused before its keys are compared with one another.

exercise: matmul
expect: crashed skipped
"""

from worker import protocol, serve


def colliding(self, number, result, out):
    # The hash of an int is its remainder by this prime.
    keys = [protocol.Big(hex(i * ((1 << 61) - 1))) for i in range(1 << 40, (1 << 40) + 60_000)]
    value = protocol.MappingValue([(key, None) for key in keys])
    reply = protocol.Reply(number, protocol.Sync([], []), protocol.Returned(value))
    self._connection.send(reply, protocol.Body())


serve.Worker._reply = colliding
