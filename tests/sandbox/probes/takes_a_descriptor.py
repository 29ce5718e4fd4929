"""Takes a descriptor out of another process.

kind: signals and other processes
stopped by: bubblewrap landlock seccomp
"""

import os

from prelude import any_of, call


def attack() -> bool:
    def take(pid: int, _: int, fd: int) -> bool:
        taken = call("pidfd_getfd", call("pidfd_open", pid, 0), fd, 0)
        return os.pread(taken, 6, 0) == b"canary"

    return any_of(take, "@VICTIMS@")
