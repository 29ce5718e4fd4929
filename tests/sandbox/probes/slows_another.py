"""Lowers the priority of another process.

kind: signals and other processes
stopped by: bubblewrap seccomp
changes: victim
"""

import os

from prelude import any_of


def attack() -> bool:
    def slow(pid: int, *_: int) -> bool:
        os.setpriority(os.PRIO_PROCESS, pid, 10)
        return True

    return any_of(slow, "@VICTIMS@")
