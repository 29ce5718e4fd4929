"""Sends to a message queue of System V of the host.

kind: doors of the kernel
stopped by: bubblewrap seccomp
changes: msg
"""

import struct

from prelude import checked, libc


def attack() -> bool:
    return checked(libc.msgsnd(int("@MSG@"), struct.pack("@l8s", 1, b"out"), 8, 0o4000)) == 0
