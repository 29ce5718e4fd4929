"""Reads the segment table of its process.

kind: doors of the kernel
stopped by: seccomp
needs: x86_64
"""

from prelude import call


def attack() -> bool:
    return call("modify_ldt", 0, bytes(16), 16) >= 0
