"""Limits that a worker puts on itself before any student code runs.

They hold for the rest of the process: hard limits are never raised again. What they bound is the worker alone;
the judge keeps its own clock outside.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import Sequence

from . import landlock

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36


def die_with(parent: int, by: int = signal.SIGKILL) -> None:
    """Have the kernel signal this process when its parent ends; exit at once if that has ended already.

    Linux only: elsewhere a process notices the end of its connection.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, so that they can be found (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def hide_memory() -> None:
    """Make /proc/PID/mem and ptrace of this process unavailable to other processes of its user (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def restrict_files(readable: Sequence[str], scratch: str) -> None:
    """Leave this process the files below `readable`, and the folder `scratch` to write to, if the kernel can do that.

    With that go TCP connections and signals to other processes, as far as the kernel's landlock knows them. Raises
    OSError when the kernel has landlock and refuses.
    """
    os.environ["HOME"] = os.environ["TMPDIR"] = scratch
    tempfile.tempdir = None  # asked again when needed
    if not has_landlock():
        return
    own = ["/proc/cpuinfo", "/proc/meminfo", "/proc/stat", f"/proc/{os.getpid()}", "/sys/devices/system/cpu"]
    devices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", *_nvidia_devices()]
    drivers = ["/proc/driver/nvidia", "/sys/bus/pci/devices"]
    landlock.restrict([*readable, *own, *drivers], [scratch], devices)


def _nvidia_devices() -> list[str]:
    return [f"/dev/{name}" for name in os.listdir("/dev") if name.startswith("nvidia")]  # noqa: PTH208


def has_landlock() -> bool:
    """Whether the kernel can keep a process away from files."""
    return sys.platform == "linux" and landlock.version() > 0


def limit_resources(*, memory_mib: int, cpu_s: float, file_mib: int) -> None:
    """Set the rlimits of this process. Memory counts on top of what it has mapped now.

    RLIMIT_AS, not RLIMIT_DATA: it also counts shared anonymous mappings. A request beyond it fails in the
    student's code as MemoryError or as torch's RuntimeError, where it can be named.
    """
    if resource is None:
        return
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, file_mib << 20)
    _limit(resource.RLIMIT_NOFILE, 128)
    seconds = max(1, int(cpu_s) + 1)
    _limit(resource.RLIMIT_CPU, seconds, seconds + 2)
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
        with open("/proc/self/statm") as statm:  # noqa: PTH123  pathlib is not loaded in a worker otherwise
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return None
