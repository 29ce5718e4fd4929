"""Reads the environment of another process.

kind: what the host is
stopped by: bubblewrap landlock
"""

from prelude import any_of


def attack() -> bool:
    def read(pid: int, *_: int) -> bool:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"canary" in file.read()

    return any_of(read, "@VICTIMS@")
