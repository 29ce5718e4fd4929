"""Sets up io_uring.

kind: doors of the kernel
stopped by: seccomp
needs: io_uring
"""

from prelude import call


def attack() -> bool:
    return call("io_uring_setup", 1, bytes(120)) > 2
