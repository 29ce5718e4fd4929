"""The namespaces around the zygote, through bubblewrap: no network, no other processes, and a file system of its own.

bubblewrap is a small program that Linux distributions install (it comes with Flatpak). It needs no root where users
may make namespaces. Root must not run it as root: it would keep its capabilities inside, and /proc could not be mounted
again. So root becomes a user that owns nothing first, and shows it what it may not reach (an interpreter below
/root) in a mount namespace that ends with it. That is done by a launcher, a Python of its own, before it becomes
bubblewrap.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.sandbox.view import LIBRARIES, View

PROGRAM = "bwrap"
# Above what systems give to people, services and containers, and below the numbers that mean something.
_FIRST_UID = 1_879_048_192
_STAGES = ("/mnt", "/media", "/srv", "/opt", "/run")
_DEVICES = ("null", "zero", "full", "random", "urandom")

# Runs as root. Its parameters come as one argument: what to bind where, who to become, which cgroups to join.
_LAUNCHER = """
import ctypes, json, os, sys
plan = json.loads(sys.argv[1])
for group in plan["cgroups"]:
    try:
        with open(group + "/cgroup.procs", "w") as file:
            file.write("0")
    except OSError:
        pass  # who asked for it looks whether it has members
if plan["uid"]:
    libc = ctypes.CDLL(None, use_errno=True)
    def checked(result):
        if result < 0:
            sys.exit("the launcher of bubblewrap: " + os.strerror(ctypes.get_errno()))
    def mount(source, target, kind, flags, options=None):
        checked(libc.mount(source.encode(), target.encode(), kind, ctypes.c_ulong(flags), options))
    NEWNS, BIND, REC, PRIVATE = 0x20000, 1 << 12, 1 << 14, 1 << 18
    checked(libc.unshare(NEWNS))
    mount("none", "/", None, REC | PRIVATE)
    mount("tmpfs", plan["stage"], b"tmpfs", 0, b"size=64k,mode=0755")
    for source, target in plan["binds"]:
        if os.path.isdir(source):
            os.mkdir(target, 0o755)
        else:
            open(target, "x").close()
        mount(source, target, None, BIND | REC)
    os.setgroups([])
    os.setresgid(plan["uid"], plan["uid"], plan["uid"])
    os.setresuid(plan["uid"], plan["uid"], plan["uid"])
    os.chdir("/")
os.execv(plan["argv"][0], plan["argv"])
"""


def why_not() -> str:
    """Why bubblewrap cannot be used here, or nothing if it seems that it can."""
    if sys.platform != "linux":
        return "there is none for this system"
    if shutil.which(PROGRAM) is None:
        return "not installed (the package is called bubblewrap)"
    if os.geteuid() == 0 and _foreign_uid() is None:
        return "root has no other user to become here"
    return ""


def command(
    view: View,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    cgroups: Sequence[str] = (),
) -> list[str]:
    """What to execute to run `view.python` with `arguments` in its namespaces.

    `cgroups` are folders of groups to join first.
    """
    uid = _foreign_uid() if os.geteuid() == 0 else None
    stage = _stage(view)
    staged = {source: f"{stage}/{number}" for number, (source, _) in enumerate(view.binds)} if uid else {}
    argv = [
        shutil.which(PROGRAM) or PROGRAM,
        *_namespaces(),
        "--clearenv",
        *(word for name, value in environment.items() for word in ("--setenv", name, value)),
        *_file_system(view, staged),
        "--chdir",
        "/tmp",  # noqa: S108  inside
        view.python,
        *arguments,
    ]
    if not uid and not cgroups:
        return argv
    plan = {"argv": argv, "uid": uid, "stage": stage, "binds": list(staged.items()), "cgroups": list(cgroups)}
    return [sys.executable, "-I", "-S", "-B", "-c", _LAUNCHER, json.dumps(plan)]


def _namespaces() -> list[str]:
    """The zygote may make namespaces for its workers (SYS_ADMIN, in its own namespaces only); they may not.

    Not --dev, whose devpts needs another user namespace in between, nor --disable-userns: then it could not.
    """
    new = ("user", "pid", "net", "ipc", "uts", "cgroup-try")
    return [
        *(f"--unshare-{name}" for name in new),
        *("--die-with-parent", "--new-session", "--hostname", "sandbox", "--cap-add", "CAP_SYS_ADMIN"),
    ]


def _file_system(view: View, staged: Mapping[str, str]) -> list[str]:
    words: list[str] = []
    for path in LIBRARIES:
        folder = Path(path)
        if folder.is_symlink():
            words += ["--symlink", str(folder.readlink()), path]
        elif folder.exists():
            words += ["--ro-bind", path, path]
    for source, target in view.binds:
        words += ["--ro-bind", staged.get(source, source), target]
    for target in view.masked:
        words += ["--ro-bind", "/dev/null", target]
    words += ["--proc", "/proc", "--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu"]
    words += ["--tmpfs", "/dev"]
    for name in _DEVICES:
        words += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    # What is shared by name is a worker's own as well.
    words += ["--symlink", "/proc/self/fd", "/dev/fd", "--symlink", "/tmp", "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108
    return [*words, "--tmpfs", "/tmp", "--remount-ro", "/"]  # noqa: S108


def _stage(view: View) -> str:
    """A folder that everyone can reach and nothing inside depends on: what root shows is mounted over it."""
    sources = [source for source, _ in view.binds]
    for folder in _STAGES:
        if Path(folder).is_dir() and not any(source.startswith(f"{folder}/") for source in sources):
            return folder
    return _STAGES[-1]


def _foreign_uid() -> int | None:
    """A user id that nobody has, for this process to give away; None where root has none to give."""
    wanted = _FIRST_UID + os.getpid()
    try:
        ranges = [[int(n) for n in line.split()] for line in Path("/proc/self/uid_map").read_text().splitlines()]
    except OSError:
        return None
    for candidate in (wanted, 61_184 + os.getpid() % 4_000):
        if any(first <= candidate < first + count for first, _, count in ranges):
            return candidate
    return None
