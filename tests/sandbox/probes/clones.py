"""Starts a process by clone.

kind: processes and programs
stopped by: seccomp
"""

import signal

from prelude import call, child_ran


def attack() -> bool:
    return child_ran(lambda: call("clone", int(signal.SIGCHLD), 0, 0, 0, 0))
