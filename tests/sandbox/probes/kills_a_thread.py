"""Sends a signal to a thread of another process.

kind: signals and other processes
stopped by: bubblewrap landlock(6) seccomp
changes: victim
"""

import signal

from prelude import any_of, call


def attack() -> bool:
    return any_of(lambda pid, *_: call("tgkill", pid, pid, signal.SIGUSR1) == 0, "@VICTIMS@")
