"""Finds out where on the host the environment lies that it runs in.

kind: what the host is
stopped by: bubblewrap+landlock
needs: environment
"""

import torch


def attack() -> bool:
    wanted = "@XIFERP@"[::-1]  # reversed, or it would find itself
    if wanted in torch.__file__:
        return True
    with open("/proc/self/mountinfo") as file:
        return wanted in file.read()
