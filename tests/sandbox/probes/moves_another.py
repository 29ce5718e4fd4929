"""Chooses the processors that another process may run on.

kind: signals and other processes
stopped by: bubblewrap seccomp
changes: victim
needs: processors
"""

import os

from prelude import any_of


def attack() -> bool:
    def move(pid: int, *_: int) -> bool:
        os.sched_setaffinity(pid, {min(os.sched_getaffinity(0))})
        return True

    return any_of(move, "@VICTIMS@")
