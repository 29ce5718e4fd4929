"""Becomes root of its own user namespace.

kind: rights
stopped by: seccomp
"""

from prelude import enter_own_user_namespace


def attack() -> bool:
    enter_own_user_namespace()
    return True
