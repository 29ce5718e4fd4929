"""Asks for the name of the host.

kind: what the host is
stopped by: bubblewrap
"""

import os


def attack() -> bool:
    return os.uname().nodename == "@HOST@"
