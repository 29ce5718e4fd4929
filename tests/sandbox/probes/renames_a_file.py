"""Renames a file of the host.

kind: files
stopped by: bubblewrap landlock
changes: folder
"""

import os


def attack() -> bool:
    os.rename("@FILE@", "@FOLDER@/renamed")
    return True
