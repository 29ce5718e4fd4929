"""Reads a file of the host through a symbolic link in its own folder.

kind: files
stopped by: bubblewrap landlock
"""

import os
import tempfile


def attack() -> bool:
    link = tempfile.mkdtemp() + "/link"
    os.symlink("@FILE@", link)
    with open(link) as file:
        return file.read().startswith("canary")
