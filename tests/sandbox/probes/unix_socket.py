"""Connects to a socket in the file system.

kind: network and sockets
stopped by: bubblewrap seccomp
changes: unix
"""

import socket


def attack() -> bool:
    socket.socket(socket.AF_UNIX).connect("@UNIX@")
    return True
