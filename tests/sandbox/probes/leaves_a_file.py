"""Leaves a file in /tmp for the next submission.

kind: files
stopped by: namespaces landlock
runs: twice
"""

import os


def attack() -> bool:
    if os.path.exists("/tmp/@NAME@"):
        return True
    open("/tmp/@NAME@", "x").close()
    return False
