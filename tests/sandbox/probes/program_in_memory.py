"""Starts a program that is in memory and in no file.

kind: processes and programs
stopped by: seccomp
"""

import os

from prelude import call, child_ran, program


def attack() -> bool:
    file = os.memfd_create("program")
    os.write(file, program())
    return child_ran(os.fork, lambda: call("execveat", file, b"", None, None, 0x1000))
