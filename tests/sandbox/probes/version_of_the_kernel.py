"""Asks for the version of the kernel.

kind: what the host is
stopped by: nothing
"""

import os


def attack() -> bool:
    return os.uname().release == "@RELEASE@"
