"""Keeps a key in the kernel.

kind: doors of the kernel
stopped by: seccomp
"""

from prelude import call


def attack() -> bool:
    return call("add_key", b"user", b"@NAME@", b"x", 1, -2) > 0  # in the keyring of the process
