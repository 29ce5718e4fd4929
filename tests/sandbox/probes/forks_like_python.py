"""Starts a process as Python's multiprocessing does.

kind: processes and programs
stopped by: seccomp
"""

import multiprocessing


def attack() -> bool:
    process = multiprocessing.get_context("fork").Process(target=int)
    process.start()
    process.join()
    return process.exitcode == 0
