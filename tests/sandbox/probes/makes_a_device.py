"""Makes a device of its own for the disk of the host.

kind: rights
stopped by: always
"""

import os
import stat
import tempfile


def attack() -> bool:
    os.mknod(tempfile.mkdtemp() + "/disk", stat.S_IFBLK | 0o600, os.makedev(8, 0))
    return True
