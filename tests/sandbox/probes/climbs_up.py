"""Opens a file of the host by climbing up from a folder that it may use.

kind: files
stopped by: bubblewrap landlock
"""

import os


def attack() -> bool:
    here = os.open(".", os.O_PATH)
    file = os.open("../" * 40 + "@FILE@", os.O_RDONLY, dir_fd=here)
    return os.read(file, 6) == b"canary"
