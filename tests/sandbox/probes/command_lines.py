"""Reads the command lines of all processes.

kind: what the host is
stopped by: bubblewrap landlock
"""

import glob


def attack() -> bool:
    for name in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(name, "rb") as file:
                if b"canary-argument" in file.read():
                    return True
        except OSError:
            continue
    return False
