"""Writes a program into its folder and starts it.

kind: processes and programs
stopped by: namespaces landlock seccomp
"""

import os
import tempfile

from prelude import child_ran, program


def attack() -> bool:
    path = tempfile.mkdtemp() + "/program"
    with open(path, "wb") as file:
        file.write(program())
    os.chmod(path, 0o700)
    return child_ran(os.fork, lambda: os.execv(path, [path]))
