"""Reads a file of the host through the working folder of another process in /proc.

kind: files
stopped by: bubblewrap landlock
"""

from prelude import any_of


def attack() -> bool:
    def read(pid: int, *_: int) -> bool:
        with open(f"/proc/{pid}/cwd/secret.txt") as file:
            return file.read().startswith("canary")

    return any_of(read, "@VICTIMS@")
