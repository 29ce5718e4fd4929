"""Limits on what one process may have (rlimits). Hard limits are never raised again."""

from __future__ import annotations

import sys

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_MAX_FILES, _MAX_SIGNALS = 128, 64


def limit_numbers(tasks: int | None) -> None:
    """Set the limits that are the same for every exercise. `tasks`: threads, None where others would count too."""
    if resource is None:
        return
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _MAX_FILES)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_MSGQUEUE, 0)
        _limit(resource.RLIMIT_SIGPENDING, _MAX_SIGNALS)
        _limit(resource.RLIMIT_NICE, 0)
        _limit(resource.RLIMIT_RTPRIO, 0)
        if tasks is not None:
            # Elsewhere all processes of the user would count, and a laptop runs hundreds.
            _limit(resource.RLIMIT_NPROC, tasks)


def limit_resources(*, memory_mib: int, cpu_s: float, file_mib: int) -> None:
    """Set the limits that an exercise names. Memory counts on top of what is mapped now.

    RLIMIT_AS, not RLIMIT_DATA: it also counts shared anonymous mappings. A request beyond it fails in the
    student's code as MemoryError or as torch's RuntimeError, where it can be named.
    """
    if resource is None:
        return
    _limit(resource.RLIMIT_FSIZE, file_mib << 20)
    # The first process of a namespace does not get the signal of the soft limit; the hard one kills it all the same.
    seconds = max(1, int(cpu_s) + 1)
    _limit(resource.RLIMIT_CPU, seconds, seconds + 1)
    mapped = _mapped_bytes()
    if mapped is not None:
        _limit(resource.RLIMIT_AS, mapped + (memory_mib << 20))


def limit_memory(memory_mib: int) -> None:
    """Let this process map `memory_mib` more than it has now; it and its children may raise the limit again."""
    mapped = None if resource is None else _mapped_bytes()
    if mapped is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = mapped + (memory_mib << 20)
        resource.setrlimit(resource.RLIMIT_AS, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _limit(what: int, soft: int, hard: int | None = None) -> None:
    hard = soft if hard is None else hard
    _, ceiling = resource.getrlimit(what)
    if ceiling != resource.RLIM_INFINITY:
        hard = min(hard, ceiling)
        soft = min(soft, hard)
    resource.setrlimit(what, (soft, hard))


def _mapped_bytes() -> int | None:
    try:
        with open("/proc/self/statm") as statm:  # noqa: PTH123
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return None
