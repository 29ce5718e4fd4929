"""Raises its own priority, also to that of real time.

kind: rights
stopped by: always
"""

import os


def attack() -> bool:
    for attempt in (
        lambda: os.setpriority(os.PRIO_PROCESS, 0, -20),
        lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    ):
        try:
            attempt()
        except OSError:
            continue
        return True
    return False
