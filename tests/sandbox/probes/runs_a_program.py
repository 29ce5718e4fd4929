"""Starts a program of the host: the interpreter that it runs in.

kind: processes and programs
stopped by: landlock seccomp
"""

import subprocess
import sys


def attack() -> bool:
    return subprocess.run([sys.executable, "-V"], stdout=subprocess.PIPE, check=True).stdout.startswith(b"Python")
