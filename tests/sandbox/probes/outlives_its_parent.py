"""Takes back that the kernel ends it together with the grader.

kind: rights
stopped by: seccomp
"""

from prelude import checked, libc


def attack() -> bool:
    return checked(libc.prctl(1, 0, 0, 0, 0)) == 0  # PR_SET_PDEATHSIG
