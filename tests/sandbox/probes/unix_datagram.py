"""Sends to a socket in the file system from a socket that it never opened by itself.

kind: network and sockets
stopped by: bubblewrap seccomp
changes: unix datagram
"""

import socket


def attack() -> bool:
    ours, _ = socket.socketpair(type=socket.SOCK_DGRAM)
    return ours.sendto(b"out", "@UNIX_DATAGRAM@") == 3
