"""Gives another process the class of idle work.

kind: signals and other processes
stopped by: bubblewrap seccomp
changes: victim
"""

import os

from prelude import any_of


def attack() -> bool:
    def schedule(pid: int, *_: int) -> bool:
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
        return True

    return any_of(schedule, "@VICTIMS@")
