"""Lists nested a hundred thousand deep are refused by the decoder.

exercise: matmul
expect: crashed skipped
"""

import msgspec
from worker import protocol, serve


def nested(self, number, result, out):
    depth = 100_000
    value = b"\x94\xa1s\xa4list\x91" * depth + b"\xc0" + b"\x00" * depth
    sync = msgspec.msgpack.encode(protocol.Sync([], []))
    header = b"\x93" + msgspec.msgpack.encode(number) + sync + b"\x93\xa8returned" + value + b"\x90"
    head = protocol.HEAD.pack(protocol.MAGIC, len(header), 0)
    self._connection._socket.sendall(head + header)


serve.Worker._reply = nested
