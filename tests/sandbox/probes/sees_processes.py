"""Asks which processes there are.

kind: what the host is
stopped by: bubblewrap
"""

import os

from prelude import any_of


def attack() -> bool:
    return any_of(lambda pid, *_: os.stat(f"/proc/{pid}").st_nlink > 0, "@VICTIMS@")
