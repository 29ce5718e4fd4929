"""Empties a file of the host by its path.

kind: files
stopped by: bubblewrap landlock(3)
changes: folder
"""

import os


def attack() -> bool:
    os.truncate("@FILE@", 0)
    return True
