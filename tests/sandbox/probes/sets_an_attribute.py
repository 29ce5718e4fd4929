"""Hangs an extended attribute on a file of the host.

kind: files
stopped by: bubblewrap seccomp
changes: folder
"""

import os


def attack() -> bool:
    os.setxattr("@FILE@", "user.changed", b"1")
    return True
