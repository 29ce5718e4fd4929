"""Changes a setting of the kernel.

kind: what the host is
stopped by: user landlock
"""


def attack() -> bool:
    with open("/proc/sys/vm/swappiness") as file:
        value = file.read()
    with open("/proc/sys/vm/swappiness", "w") as file:
        file.write(value)  # the same: the machine should not notice
    return True
