"""Writes into the memory of another process by a system call.

kind: signals and other processes
stopped by: bubblewrap landlock seccomp
changes: victim
"""

import ctypes
import struct

from prelude import any_of, checked, libc


def attack() -> bool:
    def write(pid: int, address: int, _: int) -> bool:
        data = ctypes.create_string_buffer(b"CHANGED")
        here = struct.pack("@QQ", ctypes.addressof(data), 7)
        return checked(libc.process_vm_writev(pid, here, 1, struct.pack("@QQ", address, 7), 1, 0)) == 7

    return any_of(write, "@VICTIMS@")
