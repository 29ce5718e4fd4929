"""Changes the times of a file of the host.

kind: files
stopped by: bubblewrap
changes: folder
"""

import os


def attack() -> bool:
    os.utime("@FOLDER@/owned.txt", (1, 1))
    return True
