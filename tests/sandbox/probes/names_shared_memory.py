"""Opens shared memory of the host by its name.

kind: files
stopped by: bubblewrap landlock
"""


def attack() -> bool:
    with open("/dev/shm/@NAME@") as file:
        return file.read().startswith("canary")
