"""Writes more to its folder than the disk limit of all exercises.

kind: files
stopped by: namespaces
"""

import tempfile


def attack() -> bool:
    folder = tempfile.mkdtemp()
    block = bytes(1 << 20)
    for number in range(3):
        with open(f"{folder}/{number}", "wb") as file:
            for _ in range(30):
                file.write(block)
    return True
