"""Opens a descriptor of another process again through /proc.

kind: files
stopped by: bubblewrap landlock
"""

from prelude import any_of


def attack() -> bool:
    def read(pid: int, _: int, fd: int) -> bool:
        with open(f"/proc/{pid}/fd/{fd}") as file:
            return file.read().startswith("canary")

    return any_of(read, "@VICTIMS@")
