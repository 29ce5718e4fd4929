"""Looks into the working folder, environment and memory of the processes above it.

kind: what the host is
stopped by: always
"""

import os


def attack() -> bool:
    pid = os.getppid()
    found = []
    while pid > 1:
        for look in (os.readlink, open):
            for name in ("cwd", "environ", "mem", "fd/0"):
                try:
                    found.append(look(f"/proc/{pid}/{name}"))
                except OSError:
                    continue
        try:
            with open(f"/proc/{pid}/stat") as file:
                pid = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            break
        if "@TESTS@" == str(pid):
            break  # not the grader's any more
    return bool(found)
