"""What a worker gives up before any student code runs, in layers that each hold where another is missing.

    namespaces  processes, mounts, IPC and host name of its own, a private /tmp of bounded size, and at last a user
                namespace in which nothing is its own (Linux, in a zygote that bubblewrap has put into its namespaces)
    rlimits     memory, CPU time, sizes and numbers of what it may have
    no caps     no capability, and no way to get one
    landlock    no file but those that it needs, no TCP, no signals to others (Linux >= 5.13)
    seccomp     the system calls that torch needs and no others: no process, no program, no socket (Linux)

Nothing here is undone for the rest of the process. What it bounds is the worker alone; the judge keeps its own clock.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace

from . import kernel, landlock, limits

NAMESPACES, LANDLOCK, SECCOMP = "namespaces", "landlock", "seccomp"
LAYERS = (NAMESPACES, LANDLOCK, SECCOMP)

# Stands in the compiled filter where the worker's own process id belongs: a filter is made before there is one.
SELF = struct.pack("<I", 0x7ABC_DEF0)

MAX_INODES = 4096
# The parts of /proc that programs look into. Not mountinfo: it names the host's folders.
_OWN = ("stat", "statm", "status", "maps", "fd", "comm", "cmdline", "limits")
_MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system/cpu")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_DRIVERS = ("/proc/driver/nvidia", "/sys/bus/pci/devices")


@dataclass(frozen=True)
class Plan:
    """How workers are confined: by which of `LAYERS`, and with what.

    `readable` is what landlock leaves to be read, `program` the compiled filter of seccomp. `disk_mib` bounds the
    private /tmp and `tasks` the threads of a worker; both hold only in namespaces.
    """

    layers: frozenset[str] = frozenset()
    readable: tuple[str, ...] = ()
    program: bytes = b""
    disk_mib: int = 64
    tasks: int = 64

    def without(self, layer: str) -> Plan:
        """The same with one layer less."""
        return replace(self, layers=self.layers - {layer})


class LayerError(Exception):
    """The host refuses a layer. `layer` is one of `LAYERS`."""

    def __init__(self, layer: str, reason: str) -> None:
        super().__init__(f"{layer}: {reason}")
        self.layer = layer


def enter(plan: Plan, folder: str) -> str:
    """Confine this process; returns its scratch folder, which is `folder` if it has no /tmp of its own.

    The order matters. Mounts come before landlock, which forbids them. The user namespace comes after the mounts,
    which it has no right to, and the end of the parent is watched after the last change of credentials, which
    resets that. The filter is last: it forbids all of this. Raises `LayerError`.
    """
    if NAMESPACES in plan.layers:
        folder = "/tmp"  # noqa: S108  its own
        _try(NAMESPACES, lambda: _leave_namespaces(plan))
    else:
        _be_killed_first()
    limits.limit_numbers(plan.tasks if NAMESPACES in plan.layers else None)
    if sys.platform == "linux":
        kernel.drop_capabilities()
        kernel.gain_no_privileges()
    os.environ["HOME"] = os.environ["TMPDIR"] = folder
    tempfile.tempdir = None  # asked again when needed
    if LANDLOCK in plan.layers:
        own = [f"/proc/{os.getpid()}/{name}" for name in _OWN]
        readable = [*plan.readable, *own, *_MACHINE, *_DRIVERS]
        _try(LANDLOCK, lambda: landlock.restrict(readable, [folder], [*_DEVICES, *_nvidia_devices()]))
    if sys.platform == "linux":
        kernel.die_with_parent(signal.SIGKILL)
    if SECCOMP in plan.layers:
        program = plan.program.replace(SELF, struct.pack("<I", os.getpid()))
        _try(SECCOMP, lambda: kernel.load_seccomp(program))
    return folder


def _try(layer: str, step: Callable[[], None]) -> None:
    try:
        step()
    except OSError as error:
        raise LayerError(layer, error.strerror or str(error)) from error


def _leave_namespaces(plan: Plan) -> None:
    """Leave the zygote's namespaces; of processes, the fork has done it. Needs CAP_SYS_ADMIN over them."""
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS)
    kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    closed = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    size = f"size={plan.disk_mib}m,nr_inodes={MAX_INODES},mode=0700"
    kernel.mount("tmpfs", "/tmp", "tmpfs", closed, size)  # noqa: S108
    kernel.mount("proc", "/proc", "proc", closed)
    os.chdir("/tmp")  # noqa: S108
    _leave_user_namespace()


def _leave_user_namespace() -> None:
    """Have a user namespace of its own, in which it may do nothing to what belongs to the zygote's.

    The kernel counts threads per user and user namespace: without its own, a worker that starts as many as it may
    leaves none to the others.
    """
    uid, gid = os.getuid(), os.getgid()
    kernel.set_dumpable(True)  # or the files below belong to root
    _be_killed_first()
    kernel.unshare(kernel.CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123  pathlib is not loaded in a worker otherwise
            file.write(text)
    kernel.set_dumpable(False)


def _be_killed_first() -> None:
    """Where memory runs out, have the kernel choose this process and not the zygote (Linux)."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write("1000")


def _nvidia_devices() -> list[str]:
    return [f"/dev/{name}" for name in os.listdir("/dev") if name.startswith("nvidia")]  # noqa: PTH208


def has_landlock() -> bool:
    """Whether the kernel can keep a process away from files."""
    return not why_no_landlock()


def why_no_landlock() -> str:
    """Why it cannot, or nothing if it can."""
    return landlock.why_not() if sys.platform == "linux" else "there is none for this system"


# ---- processes ----


def die_with(parent: int, by: int = signal.SIGKILL) -> None:
    """Have the kernel signal this process when its parent ends; exit at once if that has ended already.

    Linux only: elsewhere a process notices the end of its connection.
    """
    if sys.platform == "linux":
        kernel.die_with_parent(by)
        if os.getppid() != parent:
            os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, so that they can be found (Linux)."""
    if sys.platform == "linux":
        kernel.adopt_orphans()


def hide_memory() -> None:
    """Make /proc/PID/mem and ptrace of this process unavailable to other processes of its user (Linux)."""
    if sys.platform == "linux":
        kernel.set_dumpable(False)
