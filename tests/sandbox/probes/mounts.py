"""Mounts a file system in its own namespaces.

kind: rights
stopped by: landlock seccomp
"""

import tempfile

from prelude import checked, enter_own_user_namespace, libc


def attack() -> bool:
    folder = tempfile.mkdtemp().encode()
    enter_own_user_namespace(0x2_0000)
    return checked(libc.mount(b"tmpfs", folder, b"tmpfs", 0, None)) == 0
