"""Sends a UDP packet to a port of the host.

kind: network and sockets
stopped by: bubblewrap seccomp
changes: udp
seen: outside
"""

import socket


def attack() -> bool:
    return socket.socket(type=socket.SOCK_DGRAM).sendto(b"out", ("127.0.0.1", int("@UDP@"))) == 3
