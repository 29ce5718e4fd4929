"""Opens its own memory to other processes of its user.

kind: rights
stopped by: seccomp
"""

from prelude import checked, libc


def attack() -> bool:
    checked(libc.prctl(4, 1, 0, 0, 0))  # PR_SET_DUMPABLE
    return libc.prctl(3, 0, 0, 0, 0) == 1
