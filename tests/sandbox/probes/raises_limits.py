"""Raises its hard limits: core dumps, files, signals.

kind: rights
stopped by: always
"""

import resource


def attack() -> bool:
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_AS):
        soft, hard = resource.getrlimit(limit)
        try:
            resource.setrlimit(limit, (soft, hard + 1))
        except (OSError, ValueError):
            continue
        return True
    return False
