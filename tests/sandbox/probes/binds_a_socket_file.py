"""Makes a socket in a folder of the host.

kind: files
stopped by: bubblewrap landlock seccomp
changes: folder
"""

import socket


def attack() -> bool:
    socket.socket(socket.AF_UNIX).bind("@FOLDER@/socket")
    return True
