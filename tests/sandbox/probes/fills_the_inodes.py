"""Makes more files in its folder than the limit of their number.

kind: files
stopped by: namespaces
"""

import tempfile


def attack() -> bool:
    folder = tempfile.mkdtemp()
    for number in range(4200):
        open(f"{folder}/{number}", "x").close()
    return True
