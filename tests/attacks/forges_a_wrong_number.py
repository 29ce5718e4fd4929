"""A reply to another request than the one that was made ends the conversation.

exercise: matmul
expect: crashed skipped
"""

from worker import protocol, serve


def forged(self, number, result, out):
    value = protocol.Returned(True)
    self._connection.send(protocol.Reply(number + 1, protocol.Sync([], []), value), protocol.Body())


serve.Worker._reply = forged
