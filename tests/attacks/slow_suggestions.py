"""A missing name that resembles hundreds of long ones costs no time in wording the hint.

exercise: matmul
expect: failed skipped crashed
"""

from worker import protocol, serve

honest = serve.Worker._reply
ALPHABET = "".join(chr(0x4E00 + i) for i in range(150))
calls = []


def similar(self, number, result, out):
    calls.append(number)
    if len(calls) == 1:
        return honest(self, number, result, out)
    if len(calls) % 2 == 0:
        text = f"module 'matmul' has no attribute '{ALPHABET * 60}'"
        result = protocol.Raised(["builtins.AttributeError"], text, [], False)
    else:
        names = [(ALPHABET * 60)[i:] + (ALPHABET * 60)[:i] for i in range(140)]
        result = protocol.Returned(protocol.SequenceValue("list", names))
    self._connection.send(protocol.Reply(number, protocol.Sync([], []), result), protocol.Body())


serve.Worker._reply = similar
