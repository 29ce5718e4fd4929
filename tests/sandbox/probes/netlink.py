"""Asks the kernel for network interfaces through netlink.

kind: network and sockets
stopped by: seccomp
"""

import socket


def attack() -> bool:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        link.bind((0, 0))
        link.send(b"\x14\0\0\0\x12\0\x01\x03" + bytes(12))
        return len(link.recv(4096)) > 20
