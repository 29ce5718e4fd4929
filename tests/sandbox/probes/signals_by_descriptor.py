"""Sends a signal through a descriptor of another process.

kind: signals and other processes
stopped by: bubblewrap landlock(6) seccomp
changes: victim
"""

import signal

from prelude import any_of, call


def attack() -> bool:
    def signal_it(pid: int, *_: int) -> bool:
        return call("pidfd_send_signal", call("pidfd_open", pid, 0), signal.SIGUSR1, None, 0) == 0

    return any_of(signal_it, "@VICTIMS@")
