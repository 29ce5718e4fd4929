"""Turns off address randomisation.

kind: doors of the kernel
stopped by: seccomp
"""

from prelude import checked, libc


def attack() -> bool:
    return checked(libc.personality(0x004_0000)) >= 0
