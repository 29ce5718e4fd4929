"""Enters the kernel by the door of 32-bit programs.

kind: doors of the kernel
stopped by: seccomp
needs: ia32
"""

import os

from prelude import machine_code


def attack() -> bool:
    # getpid, whose number is 20 there
    return machine_code(bytes.fromhex("b814000000 cd80 c3"))() == os.getpid()
