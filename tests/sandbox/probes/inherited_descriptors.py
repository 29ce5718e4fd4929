"""Looks for descriptors that were open before it.

kind: what the host is
stopped by: always
"""

import os


def attack() -> bool:
    for number in range(1024):
        try:
            os.fstat(number)
        except OSError:
            continue
        if number > 3:
            return True
    return False
