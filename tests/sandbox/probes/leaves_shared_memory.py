"""Leaves shared memory with a name for the next submission.

kind: files
stopped by: namespaces landlock
runs: twice
"""


def attack() -> bool:
    try:
        open("/dev/shm/@NAME@-left", "x").close()
    except FileExistsError:
        return True
    return False
