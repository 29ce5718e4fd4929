"""Lowers the priority of another process's reading and writing.

kind: signals and other processes
stopped by: bubblewrap seccomp
changes: victim
"""

from prelude import any_of, call


def attack() -> bool:
    return any_of(lambda pid, *_: call("ioprio_set", 1, pid, 3 << 13) == 0, "@VICTIMS@")
