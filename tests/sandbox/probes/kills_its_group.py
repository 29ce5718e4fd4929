"""Ends all processes of its process group, by ignoring the signal itself.

kind: signals and other processes
stopped by: always
"""

import os
import signal


def attack() -> bool:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.kill(0, signal.SIGTERM)
    return False  # who was in the group is seen from outside
