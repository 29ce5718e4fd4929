"""Starts a program by posix_spawn.

kind: processes and programs
stopped by: landlock seccomp
"""

import os
import sys


def attack() -> bool:
    pid = os.posix_spawn(sys.executable, [sys.executable, "-V"], {})
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
