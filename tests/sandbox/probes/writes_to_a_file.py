"""Writes to a file of the host.

kind: files
stopped by: bubblewrap landlock
changes: folder
"""


def attack() -> bool:
    with open("@FILE@", "a") as file:
        file.write("changed")
    return True
