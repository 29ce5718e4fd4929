"""Finds out where on the host the installed packages lie.

kind: what the host is
stopped by: bubblewrap+landlock
"""

import torch


def attack() -> bool:
    wanted = "@SEGAKCAP@"[::-1]
    if wanted in torch.__file__:
        return True
    with open("/proc/self/mountinfo") as file:
        return wanted in file.read()
