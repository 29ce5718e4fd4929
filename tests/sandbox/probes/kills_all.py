"""Finds out whether a signal to everybody would reach anybody.

kind: signals and other processes
stopped by: namespaces landlock(6) seccomp
"""

import os


def attack() -> bool:
    os.kill(-1, 0)  # the signal that does nothing
    return True
