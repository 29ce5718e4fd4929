"""Enters the namespaces of another process.

kind: rights
stopped by: always
"""

from prelude import any_of, checked, libc


def attack() -> bool:
    def enter(pid: int, *_: int) -> bool:
        with open(f"/proc/{pid}/ns/net") as file:
            return checked(libc.setns(file.fileno(), 0)) == 0

    return any_of(enter, "@VICTIMS@")
