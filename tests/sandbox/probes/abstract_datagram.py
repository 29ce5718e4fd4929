"""Sends to a socket that has a name but no file.

kind: network and sockets
stopped by: bubblewrap landlock(6) seccomp
changes: abstract datagram
"""

import socket


def attack() -> bool:
    ours, _ = socket.socketpair(type=socket.SOCK_DGRAM)
    return ours.sendto(b"out", "\0@ABSTRACT_DATAGRAM@") == 3
