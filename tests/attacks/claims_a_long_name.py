"""An object whose class has a name of three megabytes is refused.

exercise: matmul
expect: crashed skipped
"""

from worker import protocol, serve


def long(self, number, result, out):
    handle = protocol.Handle(-5, ["student." + "A" * 3_000_000], "b" * 500_000, False, True)
    reply = protocol.Reply(number, protocol.Sync([], []), protocol.Returned(handle))
    self._connection.send(reply, protocol.Body())


serve.Worker._reply = long
