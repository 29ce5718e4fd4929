"""A traceback of a million frames, each of which the report would quote, is refused.

exercise: matmul
expect: crashed skipped
"""

from worker import protocol, serve


def long(self, number, result, out):
    frames = [protocol.TraceFrame(1, "")] * 300_000
    raised = protocol.Raised(["builtins.ValueError"], "", frames, False)
    self._connection.send(protocol.Reply(number, protocol.Sync([], []), raised), protocol.Body())


serve.Worker._reply = long
