"""Sends a signal to everybody whom it may signal.

kind: signals and other processes
stopped by: bubblewrap landlock(6) seccomp
changes: everybody
seen: outside
"""

import os
import signal


def attack() -> bool:
    os.kill(-1, signal.SIGURG)  # nobody ends by this one; the call succeeds also where it reaches nobody
    return True
