"""Starts a program that gives rights to who starts it.

kind: rights
stopped by: always
"""

import glob
import os
import stat
import subprocess


def attack() -> bool:
    for path in ["/bin/cat", *glob.glob("/usr/bin/*"), *glob.glob("/bin/*")]:
        if path == "/bin/cat" or os.stat(path).st_mode & stat.S_ISUID:
            # As root each program does; for the others their user id is what counts.
            text = subprocess.run(["/bin/cat", "/proc/self/status"], stdout=subprocess.PIPE, check=True).stdout
            if b"CapEff:\t0000000000000000" not in text:
                return True
            break
    with open("/proc/thread-self/status") as file:
        return "NoNewPrivs:\t1" not in file.read()
