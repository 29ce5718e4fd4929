"""Makes another folder its root folder.

kind: rights
stopped by: seccomp
"""

import os
import tempfile

from prelude import enter_own_user_namespace


def attack() -> bool:
    folder = tempfile.mkdtemp()
    enter_own_user_namespace()
    os.chroot(folder)
    return True
