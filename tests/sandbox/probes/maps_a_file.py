"""Maps a file of the host into its memory.

kind: files
stopped by: bubblewrap landlock
"""

import mmap
import os


def attack() -> bool:
    with mmap.mmap(os.open("@FILE@", os.O_RDWR), 0) as memory:
        return memory[:6] == b"canary"
