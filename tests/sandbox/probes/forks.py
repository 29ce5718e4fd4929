"""Starts a process.

kind: processes and programs
stopped by: seccomp
"""

import os

from prelude import child_ran


def attack() -> bool:
    return child_ran(os.fork)
