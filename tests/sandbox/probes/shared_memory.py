"""Attaches shared memory of System V of the host.

kind: doors of the kernel
stopped by: bubblewrap seccomp
changes: shm
"""

import ctypes

from prelude import checked, libc


def attack() -> bool:
    libc.shmat.restype = ctypes.c_void_p
    libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
    address = libc.shmat(int("@SHM@"), None, 0)
    checked(-1 if address == 2**64 - 1 else 0)
    if ctypes.string_at(address, 6) != b"canary":
        return False
    ctypes.memmove(address, b"CHANGED", 7)
    return True
