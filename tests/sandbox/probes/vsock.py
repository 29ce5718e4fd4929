"""Opens a socket to the machine that a virtual machine runs on.

kind: network and sockets
stopped by: seccomp
needs: vsock
"""

import socket


def attack() -> bool:
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()
    return True
