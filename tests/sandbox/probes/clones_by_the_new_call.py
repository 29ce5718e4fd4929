"""Starts a process by clone3, whose flags no filter sees.

kind: processes and programs
stopped by: seccomp
"""

import signal
import struct

from prelude import call, child_ran


def attack() -> bool:
    arguments = struct.pack("@4Q", 0, 0, 0, 0) + struct.pack("@4Q", signal.SIGCHLD, 0, 0, 0)
    return child_ran(lambda: call("clone3", arguments, 64))
