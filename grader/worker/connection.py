"""The worker's end of the wire."""

from __future__ import annotations

import socket

from .protocol import HEAD, Answer, Body, Reply, Request, decode_judge, frame, lengths


class Connection:
    """Frames over a socket, blocking."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray(65_536)

    def send(self, message: Reply, body: Body) -> None:
        for part in frame(message, body):
            self._socket.sendall(part)

    def receive(self) -> tuple[Request | Answer, bytearray]:
        """The next message and its body; raises EOFError when the judge has closed the conversation."""
        view = memoryview(self._buffer)
        got = self._fill(view, HEAD.size)
        header_size, body_size = lengths(view[: HEAD.size])
        end = HEAD.size + header_size
        if end > len(view):
            bigger = bytearray(end)
            bigger[:got] = view[:got]
            view = memoryview(bigger)
        if got < end:
            got += self._fill(view[got:end], end - got)
        message = decode_judge(view[HEAD.size : end])
        body = bytearray(view[end:got])
        if len(body) < body_size:
            rest = bytearray(body_size)
            rest[: len(body)] = body
            self._fill(memoryview(rest)[len(body) :], body_size - len(body))
            body = rest
        return message, body

    def _fill(self, view: memoryview, least: int) -> int:
        got = 0
        while got < least:
            count = self._socket.recv_into(view[got:])
            if count == 0:
                raise EOFError
            got += count
        return got
