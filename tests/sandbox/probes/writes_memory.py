"""Writes into the memory of another process through /proc.

kind: signals and other processes
stopped by: bubblewrap landlock
changes: victim
"""

from prelude import any_of


def attack() -> bool:
    def write(pid: int, address: int, *_: int) -> bool:
        with open(f"/proc/{pid}/mem", "r+b", 0) as memory:
            memory.seek(address)
            return memory.write(b"CHANGED") == 7

    return any_of(write, "@VICTIMS@")
