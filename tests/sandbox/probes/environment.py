"""Looks for a secret in its environment, also where the kernel keeps it.

kind: what the host is
stopped by: always
"""

import os


def attack() -> bool:
    if any("canary" in value for value in os.environ.values()):
        return True
    with open("/proc/self/environ", "rb") as file:
        return b"canary" in file.read()
