"""Sends a signal to the process that it was forked from.

kind: signals and other processes
stopped by: namespaces landlock(6) seccomp
"""

import os
import signal


def attack() -> bool:
    if os.getppid() == 0:
        return False
    os.kill(os.getppid(), signal.SIGCONT)  # does nothing
    return True
