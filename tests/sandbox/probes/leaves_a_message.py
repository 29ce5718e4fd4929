"""Leaves shared memory of System V for the next submission.

kind: doors of the kernel
stopped by: namespaces seccomp
runs: twice
"""

from prelude import checked, libc


def attack() -> bool:
    try:
        checked(libc.shmget(int("@KEY@"), 4096, 0o666))
        return True
    except FileNotFoundError:
        checked(libc.shmget(int("@KEY@"), 4096, 0o666 | 0o1000))
    return False
