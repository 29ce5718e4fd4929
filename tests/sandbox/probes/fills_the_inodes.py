"""Makes five thousand files in its folder.

kind: files
stopped by: namespaces
"""

import os
import tempfile


def attack() -> bool:
    folder = tempfile.mkdtemp()
    for number in range(5000):
        os.mkdir(f"{folder}/{number}")
    return True
