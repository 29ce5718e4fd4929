"""Lowers a limit of another process.

kind: signals and other processes
stopped by: bubblewrap seccomp
changes: victim
"""

import resource

from prelude import any_of


def attack() -> bool:
    def limit(pid: int, *_: int) -> bool:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (50, 50))
        return True

    return any_of(limit, "@VICTIMS@")
