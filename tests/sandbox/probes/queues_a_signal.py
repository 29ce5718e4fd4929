"""Queues a signal with a value for another process.

kind: signals and other processes
stopped by: bubblewrap landlock(6) seccomp
changes: victim
"""

import signal
import struct

from prelude import any_of, call


def attack() -> bool:
    information = struct.pack("=iii", signal.SIGUSR1, 0, -1) + bytes(116)  # SI_QUEUE

    def queue(pid: int, *_: int) -> bool:
        return call("rt_sigqueueinfo", pid, signal.SIGUSR1, information) == 0

    return any_of(queue, "@VICTIMS@")
