"""Asks whether two processes share what the kernel keeps for them.

kind: signals and other processes
stopped by: bubblewrap landlock seccomp
"""

import os

from prelude import any_of, call


def attack() -> bool:
    return any_of(lambda pid, *_: call("kcmp", os.getpid(), pid, 1, 0, 0) >= 0, "@VICTIMS@")
