"""Find the processes of one run: those that were started with its folder for temporary files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]


def of_run(folder: Path) -> list[psutil.Process]:
    """The living processes whose environment, working directory or command line names `folder`, and those below.

    Finds those that left their parent, their session and their folder, too: the environment that a process was
    started with stays with what it forks. In a sandbox it does not name the folder, but nothing there can leave its
    parents: the kernel ends it with the first process of its namespace.
    """
    named = [process for process in psutil.process_iter() if _belongs(process, str(folder))]
    # A judge hides its environment from other processes of an ordinary user. Then it is known by its parent.
    named += [process for process in psutil.Process().children() if _is_hidden(process)]
    found = {process.pid: process for process in named}
    for process in named:
        with contextlib.suppress(psutil.NoSuchProcess):
            below = [p for p in process.children(recursive=True) if p.is_running()]
            found.update({p.pid: p for p in below if p.status() != psutil.STATUS_ZOMBIE})
    return list(found.values())


def workers_of(judge: psutil.Process) -> list[psutil.Process]:
    """The workers below a judge: they were forked from the zygote, and so have its command line."""
    below = judge.children(recursive=True)
    lines = {process.pid: process.cmdline() for process in below}
    return [process for process in below if lines[process.pid] == lines.get(process.ppid())]


def peak_mib(process: psutil.Process) -> float:
    """The most memory that a process has had resident, in MiB (Linux; 0 elsewhere or when it is gone)."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def left_after(folder: Path, allowed: int = 0, timeout_s: float = 10.0) -> list[psutil.Process]:
    """The processes of a run that are still there after `timeout_s`, when they are more than `allowed`.

    Returns as soon as no more than `allowed` are left.
    """
    found = of_run(folder)
    while len(found) > allowed and timeout_s > 0:
        # Returns when one of them ends, or to look again.
        psutil.wait_procs(found, timeout=0.2)
        timeout_s -= 0.2
        found = of_run(folder)
    return found if len(found) > allowed else []


def _is_hidden(process: psutil.Process) -> bool:
    try:
        process.environ()
    except psutil.AccessDenied:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    return False


def _belongs(process: psutil.Process, folder: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return any(folder in text for text in _texts(process))
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def _texts(process: psutil.Process) -> Iterator[str]:
    try:
        with contextlib.suppress(OSError):  # a path may be too long to be told
            yield process.cwd()
        yield from process.cmdline()
        yield from process.environ().values()
    except psutil.AccessDenied:
        return
