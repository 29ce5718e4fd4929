"""Connects to a TCP port of the host by IPv6.

kind: network and sockets
stopped by: bubblewrap landlock(4) seccomp
changes: tcp6
needs: ipv6
"""

import socket


def attack() -> bool:
    socket.create_connection(("::1", int("@TCP6@")), 1).close()
    return True
