"""Becomes another user.

kind: rights
stopped by: always
"""

import os


def attack() -> bool:
    for user in (0, 1, 65534):
        if user != os.getuid():
            try:
                os.setresuid(user, user, user)
            except OSError:
                continue
            return True
    return False
