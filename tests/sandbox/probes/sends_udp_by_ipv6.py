"""Sends a UDP packet to a port of the host by IPv6.

kind: network and sockets
stopped by: bubblewrap seccomp
changes: udp6
seen: outside
needs: ipv6
"""

import socket


def attack() -> bool:
    return socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"out", ("::1", int("@UDP6@"))) == 3
