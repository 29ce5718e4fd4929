"""Asks how busy the host is, and since when it runs.

kind: what the host is
stopped by: nothing
"""

import os
import time


def attack() -> bool:
    with open("/proc/stat") as file:
        return "cpu0" in file.read() and os.getloadavg()[0] >= 0 and time.clock_gettime(time.CLOCK_BOOTTIME) > 1
