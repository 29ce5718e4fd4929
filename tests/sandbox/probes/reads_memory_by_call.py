"""Reads the memory of another process by a system call.

kind: signals and other processes
stopped by: bubblewrap landlock seccomp
"""

import ctypes
import struct

from prelude import any_of, checked, libc


def attack() -> bool:
    def read(pid: int, address: int, _: int) -> bool:
        data = ctypes.create_string_buffer(6)
        here = struct.pack("@QQ", ctypes.addressof(data), 6)
        checked(libc.process_vm_readv(pid, here, 1, struct.pack("@QQ", address, 6), 1, 0))
        return data.raw == b"canary"

    return any_of(read, "@VICTIMS@")
