"""Connects to a TCP port of the host.

kind: network and sockets
stopped by: bubblewrap landlock(4) seccomp
changes: tcp
"""

import socket


def attack() -> bool:
    socket.create_connection(("127.0.0.1", int("@TCP@")), 1).close()
    return True
