"""Handles page faults itself.

kind: doors of the kernel
stopped by: seccomp
"""

from prelude import call


def attack() -> bool:
    return call("userfaultfd", 1) > 2  # UFFD_USER_MODE_ONLY
