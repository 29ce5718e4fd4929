"""Attaches to another process as a debugger.

kind: signals and other processes
stopped by: bubblewrap landlock seccomp
"""

import ctypes
import os

from prelude import any_of, checked, libc


def attack() -> bool:
    libc.ptrace.restype = ctypes.c_long
    libc.ptrace.argtypes = [ctypes.c_long] * 4

    def trace(pid: int, *_: int) -> bool:
        checked(libc.ptrace(16, pid, 0, 0))  # PTRACE_ATTACH
        os.waitpid(pid, 0)
        checked(libc.ptrace(17, pid, 0, 0))  # PTRACE_DETACH
        return True

    return any_of(trace, "@VICTIMS@")
