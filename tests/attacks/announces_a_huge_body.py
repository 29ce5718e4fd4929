"""A frame that announces an exabyte of tensors is refused before a byte of it is read.

exercise: matmul
expect: crashed skipped
"""

from worker import protocol, serve


def huge(self, number, result, out):
    self._connection._socket.sendall(protocol.HEAD.pack(protocol.MAGIC, 4, 1 << 60) + b"abcd")


serve.Worker._reply = huge
