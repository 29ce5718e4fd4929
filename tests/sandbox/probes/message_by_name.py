"""Sends to a POSIX message queue of the host.

kind: doors of the kernel
stopped by: bubblewrap landlock seccomp
changes: mq
"""

import os

from prelude import checked, libc


def attack() -> bool:
    queue = checked(libc.mq_open(b"/@NAME@", os.O_WRONLY | os.O_NONBLOCK))
    return checked(libc.mq_send(queue, b"out", 3, 0)) == 0
