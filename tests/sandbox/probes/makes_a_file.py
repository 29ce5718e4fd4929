"""Makes a file in a folder of the host.

kind: files
stopped by: bubblewrap landlock
changes: folder
"""


def attack() -> bool:
    with open("@FOLDER@/new", "x"):
        return True
