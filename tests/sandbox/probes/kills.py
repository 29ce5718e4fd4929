"""Sends a signal to another process.

kind: signals and other processes
stopped by: bubblewrap landlock(6) seccomp
changes: victim
"""

import os
import signal

from prelude import any_of


def attack() -> bool:
    def signal_it(pid: int, *_: int) -> bool:
        os.kill(pid, signal.SIGUSR1)
        return True

    return any_of(signal_it, "@VICTIMS@")
