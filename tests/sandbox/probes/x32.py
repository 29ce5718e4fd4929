"""Enters the kernel by the door of x32 programs.

kind: doors of the kernel
stopped by: seccomp
needs: x86_64
"""

from prelude import machine_code


def attack() -> bool:
    # getpid; whatever the kernel answers, it was asked
    return machine_code(bytes.fromhex("b827000040 0f05 c3"))() != 0
