"""Makes a terminal that somebody works at its own and types into it.

kind: files
stopped by: bubblewrap landlock seccomp
changes: terminal
needs: tiocsti
"""

import fcntl
import os


def attack() -> bool:
    terminal = os.open("@TTY@", os.O_RDWR)
    fcntl.ioctl(terminal, 0x540E, 0)
    fcntl.ioctl(terminal, 0x5412, b"x")
    return True
