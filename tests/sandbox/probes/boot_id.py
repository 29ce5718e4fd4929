"""Reads the random number that tells this host and this start of it from all others.

kind: what the host is
stopped by: landlock
"""


def attack() -> bool:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return len(file.read()) > 30
