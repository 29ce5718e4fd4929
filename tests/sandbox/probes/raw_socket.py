"""Opens a raw socket and one that sees all packets.

kind: network and sockets
stopped by: always
"""

import socket


def attack() -> bool:
    for family, kind, protocol in ((socket.AF_INET, socket.SOCK_RAW, 1), (socket.AF_PACKET, socket.SOCK_RAW, 3)):
        try:
            socket.socket(family, kind, protocol).close()
        except OSError:
            continue
        return True
    return False
