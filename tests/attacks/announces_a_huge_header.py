"""A frame that announces four gigabytes of header is refused before a byte of it is read.

exercise: matmul
expect: crashed skipped
"""

from worker import protocol, serve


def huge(self, number, result, out):
    self._connection._socket.sendall(protocol.HEAD.pack(protocol.MAGIC, 0xFFFFFFFF, 0))


serve.Worker._reply = huge
