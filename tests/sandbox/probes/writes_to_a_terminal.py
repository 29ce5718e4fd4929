"""Writes to a terminal that somebody works at.

kind: files
stopped by: bubblewrap landlock
changes: terminal
"""

import os


def attack() -> bool:
    return os.write(os.open("@TTY@", os.O_WRONLY | os.O_NOCTTY), b"\x1b[2J") == 4
