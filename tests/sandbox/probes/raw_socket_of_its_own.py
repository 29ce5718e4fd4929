"""Opens a raw socket as root of its own user and network namespace.

kind: network and sockets
stopped by: seccomp
"""

import socket

from prelude import enter_own_user_namespace


def attack() -> bool:
    enter_own_user_namespace(0x4000_0000)
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close()
    return True
