"""Leaves a process behind that has left its parent, its session and its group.

kind: processes and programs
stopped by: always
"""

import os
import time


def attack() -> bool:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    return False  # whether it lives on is seen from outside
