"""Sees whether others hold a lock on a file that everybody may read.

kind: files
stopped by: seccomp
"""

import fcntl

import torch


def attack() -> bool:
    with open(torch.__file__) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
