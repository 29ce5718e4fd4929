"""Asks for the size and times of a file of the host.

kind: files
stopped by: bubblewrap
"""

import os


def attack() -> bool:
    return os.stat("@FILE@").st_size > 0
