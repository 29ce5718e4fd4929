"""Makes a file in memory, which no limit of files counts.

kind: doors of the kernel
stopped by: seccomp
"""

import os


def attack() -> bool:
    return os.memfd_create("memory") > 2
