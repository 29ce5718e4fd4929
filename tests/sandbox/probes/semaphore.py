"""Changes a semaphore of System V of the host.

kind: doors of the kernel
stopped by: bubblewrap seccomp
changes: sem
"""

import struct

from prelude import checked, libc


def attack() -> bool:
    return checked(libc.semop(int("@SEM@"), struct.pack("@Hhh", 0, 1, 0), 1)) == 0
