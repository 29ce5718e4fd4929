"""Leaves a link to a folder of the host where the grader cleans up.

kind: files
stopped by: always
"""

import os
import tempfile


def attack() -> bool:
    os.symlink("@FOLDER@", tempfile.gettempdir() + "/link")
    os.symlink("@FOLDER@", tempfile.mkdtemp() + "/link")
    return False  # what comes of it is seen when the folder was cleaned
