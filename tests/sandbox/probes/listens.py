"""Listens on a TCP port until somebody on the host connects.

kind: network and sockets
stopped by: bubblewrap landlock(4) seccomp
"""

import socket


def attack() -> bool:
    with socket.create_server(("127.0.0.1", int("@PORT@"))) as server:
        server.settimeout(0.5)
        return server.accept()[0].recv(6) == b"canary"
