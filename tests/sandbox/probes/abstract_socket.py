"""Connects to a socket that has a name but no file.

kind: network and sockets
stopped by: bubblewrap landlock(6) seccomp
changes: abstract
"""

import socket


def attack() -> bool:
    socket.socket(socket.AF_UNIX).connect("\0@ABSTRACT@")
    return True
