"""Changes who may read a file of the host.

kind: files
stopped by: bubblewrap
changes: folder
"""

import os


def attack() -> bool:
    os.chmod("@FOLDER@/owned.txt", 0o640)
    return True
