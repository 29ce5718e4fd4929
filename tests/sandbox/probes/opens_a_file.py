"""Opens a file of the host and reads it.

kind: files
stopped by: bubblewrap landlock
"""


def attack() -> bool:
    with open("@FILE@") as file:
        return file.read().startswith("canary")
