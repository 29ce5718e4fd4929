"""A control group around a zygote and all its workers: the hard end of the limits on memory and processes.

What a worker takes in ways that its rlimits do not see (copies of shared pages, files in its /tmp, pages that the
kernel keeps for it) counts here, and at the limit the kernel kills the worker that has most. There is one group for
each zygote: it costs nothing per worker, and the rlimits share it out.

Version 1 of the interface: a group below our own one in each hierarchy, where we may make one (root may).

Version 2 lets a group have processes or groups below it with controllers, not both, and leaves no group to us but one
that was delegated; systemd marks these (Delegate=yes) with an extended attribute. There, the processes of our own group
move into a leaf, and the zygote's group stands beside that. A group without the mark is never touched.

Whatever is not possible is left alone: without a group, the rlimits and the ban on processes hold all the same.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

CONTROLLERS = ("memory", "pids")
LEAF = "grade-others"
EXIT_S = 2.0

# What a zygote needs itself: 280 MiB resident with torch for CPUs, and the pages of a few workers that it shared with
# them until they wrote to them.
BASE_MIB = 1024
# The zygote, what bubblewrap needs, and workers that are killed but not gone yet.
BASE_TASKS = 64
TASKS_PER_WORKER = 128

_NAME = re.compile(r"grade-(\d+)-\d+")
_numbers = itertools.count()
# A process may enter a group while it is being emptied.
_ATTEMPTS = 20

# Not on every kernel, and the limit is one without them as well: they keep memory from moving to swap space.
_OPTIONAL = ("memory.memsw.limit_in_bytes", "memory.swap.max")


class Group:
    """One control group: a folder in each of its hierarchies (one in version 2)."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)

    def add(self, pid: int) -> None:
        """Put a process into the group; what it starts from now on is in it as well. Raises OSError."""
        for folder in self.folders:
            _write(folder / "cgroup.procs", pid)

    def has_members(self) -> bool:
        """Whether some process is in the group, in every hierarchy."""
        return all(_members(folder) for folder in self.folders)

    def oom_kills(self) -> int:
        """How many processes of the group the kernel has killed because it was out of memory."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError, ValueError):
                    fields = (line.split() for line in (folder / name).read_text().splitlines())
                    return next((int(field[1]) for field in fields if field[0] == "oom_kill"), 0)
        return 0

    def remove(self) -> None:
        """Kill every process in the group and remove it. Gives up after two seconds; raises nothing."""
        deadline = time.monotonic() + EXIT_S
        for folder in self.folders:
            while not _removed(folder) and time.monotonic() < deadline:
                _kill(folder)
                time.sleep(0.001)


def make(*, memory_mib: int, tasks: int) -> Group | None:
    """A new group with these limits, below or beside our own; None where there is none to be had."""
    if sys.platform != "linux":
        return None
    for parent in _parents():
        _remove_leftovers(parent)
    return make_v1(memory_mib, tasks) or make_v2(memory_mib, tasks)


def remove_groups_of(pid: int) -> None:
    """Remove the groups that process `pid` made, which has ended, and kill what is in them."""
    for parent in _parents() if sys.platform == "linux" else ():
        Group(sorted(parent.glob(f"grade-{pid}-*"))).remove()


def make_v1(memory_mib: int, tasks: int) -> Group | None:
    """A new group below our own in the hierarchies of `CONTROLLERS`; None where they are not, or not for us."""
    parents = own_folders()
    if not all(name in parents for name in CONTROLLERS):
        return None
    size = memory_mib << 20
    limits = {
        "memory": {"memory.limit_in_bytes": size, "memory.memsw.limit_in_bytes": size},
        "pids": {"pids.max": tasks},
    }
    name = _new_name()
    # Both may be in one hierarchy.
    folders = {parents[controller] / name: limits[controller] for controller in CONTROLLERS}
    if len(folders) < len(CONTROLLERS):
        folders = {next(iter(folders)): limits["memory"] | limits["pids"]}
    return _make(folders)


def make_v2(memory_mib: int, tasks: int, controllers: Sequence[str] = CONTROLLERS) -> Group | None:
    """A new group with `controllers` in the group that was delegated to us; None where none was.

    The processes of that group then are in `LEAF` below it.
    """
    parent = _delegated()
    if parent is None:
        return None
    limits = {
        "memory": {"memory.max": memory_mib << 20, "memory.swap.max": 0},
        "pids": {"pids.max": tasks},
    }
    try:
        _enable(parent, controllers)
    except OSError:
        return None
    settings = {name: value for controller in controllers for name, value in limits.get(controller, {}).items()}
    return _make({parent / _new_name(): settings})


def _make(folders: Mapping[Path, Mapping[str, int]]) -> Group | None:
    """The folders with these settings, all or none."""
    group = Group(tuple(folders))
    try:
        for folder, settings in folders.items():
            folder.mkdir()
            for name, value in settings.items():
                try:
                    _write(folder / name, value)
                except OSError:
                    if name not in _OPTIONAL:
                        raise
    except OSError:
        group.remove()
        return None
    return group


# ---- version 2 ----


def _delegated() -> Path | None:
    """Our own group in version 2, if it was given to us to divide; that above it if we are in a leaf that we made."""
    own = own_folders().get("")
    if own is None:
        return None
    if own.name == LEAF:
        own = own.parent
    for name in ("user.delegate", "trusted.delegate"):
        with contextlib.suppress(OSError):
            if os.getxattr(own, name) == b"1":
                return own
    return None


def _enable(parent: Path, controllers: Sequence[str]) -> None:
    """Have the groups below `parent` be limited by `controllers`; raises OSError, and nothing has changed then."""
    missing = set(controllers) - set((parent / "cgroup.subtree_control").read_text().split())
    if not missing:
        return
    if not missing <= set((parent / "cgroup.controllers").read_text().split()):
        raise OSError(errno.ENOENT, "a controller is not available")
    leaf = parent / LEAF
    leaf.mkdir(exist_ok=True)
    moved: list[int] = []
    try:
        for attempt in range(_ATTEMPTS):
            moved += _move(_members(parent), leaf)
            try:
                _write(parent / "cgroup.subtree_control", " ".join(f"+{name}" for name in sorted(missing)))
                return
            except OSError as error:
                if error.errno != errno.EBUSY or attempt == _ATTEMPTS - 1:
                    raise
    except OSError:
        with contextlib.suppress(OSError):
            _move(moved, parent)
            leaf.rmdir()
        raise


def _move(pids: Sequence[int], group: Path) -> list[int]:
    """Put processes into a group; returns those that were still there."""
    moved = []
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            _write(group / "cgroup.procs", pid)
            moved.append(pid)
    return moved


# ---- where groups are ----


def _parents() -> Iterator[Path]:
    """The folders in which groups of this module may stand."""
    folders = own_folders()
    yield from {folders[name] for name in CONTROLLERS if name in folders}
    delegated = _delegated()
    if delegated is not None:
        yield delegated


def own_folders() -> dict[str, Path]:
    """The folder of our own group by controller, as far as it can be seen; that of version 2 by the empty name."""
    try:
        groups = Path("/proc/self/cgroup").read_text().splitlines()
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return {}
    own = {}
    for line in groups:
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            own[name] = path
    found: dict[str, Path] = {}
    for line in mounts:
        before, _, after = line.partition(" - ")
        root, target = (Path(field.replace("\\040", " ")) for field in before.split()[3:5])
        kind, _, options = after.split(" ", 2)
        for name in {"cgroup": options.split(","), "cgroup2": [""]}.get(kind, []):
            # A part of the hierarchy may be mounted, and it need not be the one that we are in.
            group = Path(own.get(name, ".."))
            if group.is_relative_to(root) and ".." not in group.parts:
                found.setdefault(name, target / group.relative_to(root))
    return found


def _new_name() -> str:
    """Names whose it is: should that process be killed, others can see that nobody needs the group any more."""
    return f"grade-{os.getpid()}-{next(_numbers)}"


def _remove_leftovers(parent: Path) -> None:
    """Remove groups of processes that have ended. Only empty ones: the number may count in another namespace."""
    with contextlib.suppress(OSError):
        for folder in parent.glob("grade-*"):
            match = _NAME.fullmatch(folder.name)
            if match and not _is_alive(int(match[1])):
                _removed(folder)


# ---- files and processes ----


def _write(file: Path, value: int | str) -> None:
    file.write_text(str(value))


def _members(folder: Path) -> list[int]:
    """The processes in a group; those of another namespace have no number here and are left out."""
    try:
        return [pid for pid in map(int, (folder / "cgroup.procs").read_text().split()) if pid]
    except OSError:
        return []


def _removed(folder: Path) -> bool:
    """Remove an empty group. Whether it is gone."""
    try:
        folder.rmdir()
    except OSError:
        return not folder.exists()
    return True


def _kill(folder: Path) -> None:
    """Kill every process in a group."""
    at_once = folder / "cgroup.kill"
    with contextlib.suppress(OSError):
        if at_once.exists():
            _write(at_once, 1)
            return
    for pid in _members(folder):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
