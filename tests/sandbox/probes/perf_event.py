"""Reaches the kernel's performance events.

kind: doors of the kernel
stopped by: seccomp
"""

import errno

from prelude import call


def attack() -> bool:
    try:
        call("perf_event_open", bytes(4) + (1).to_bytes(4, "little") + bytes(120), 0, -1, -1, 0)
    except OSError as error:
        return error.errno == errno.E2BIG  # said by who looks at the argument
    return True
