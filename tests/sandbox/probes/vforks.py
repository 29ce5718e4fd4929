"""Starts a process by vfork.

kind: processes and programs
stopped by: seccomp
needs: x86_64
"""

import os

from prelude import machine_code

# vfork; the child ends with status 42, the parent returns its number.
CODE = "b83a000000 0f05 85c0 7401 c3 bf2a000000 b83c000000 0f05"


def attack() -> bool:
    pid = machine_code(bytes.fromhex(CODE))()
    return pid > 0 and os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 42
