"""What Dask workers of these tests do in the place of grading. Each call leaves a file: it can be counted."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import types
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from grader.batch.task import Spec, Task
from grader.classroom import Graded
from grader.engine import EngineError, IsolationUnavailable
from grader.model import ExerciseResult, Status, SubmissionFile


def graded(task: Task, status: Status = Status.PASSED) -> Graded:
    """A result."""
    return Graded(
        result=ExerciseResult(
            slug=task.slug,
            title="Twice",
            chapter="01_first",
            status=status,
            score=1.0,
            max_score=1.0,
            submission=SubmissionFile(file=task.file, sha256=task.sha256),
        ),
        seed=7,
        host=str(os.getpid()),
    )


def note(folder: str, task: Task) -> None:
    """Leave word that this task ran, and where."""
    Path(folder, f"{task.key}.{os.getpid()}.{uuid.uuid4().hex}").touch()


def runs(folder: Path, key: str) -> int:
    """How many times a task ran."""
    return sum(1 for _ in folder.glob(f"{key}.*"))


def work(folder: str, task: Task) -> Graded:
    """What `task.source` says: "pass", "die" (end this process), "die once", "unfit", "raise"."""
    note(folder, task)
    match task.source:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "die once" if _first(folder, task):
            os.kill(os.getpid(), signal.SIGKILL)
        case "unfit":
            raise EngineError("the exercise twice is not the one that this run was started with")
        case "unfit here" if os.getpid() == int(Path(folder, "unfit").read_text()):
            raise IsolationUnavailable("isolation 'sandbox' is not available here")
        case "raise":
            raise _Unreadable("something", "odd")
        case "hang":
            threading.Event().wait()
        case "stop once" if _first(folder, task):
            os.kill(os.getpid(), signal.SIGSTOP)
    return graded(task)


def grade(spec: Spec, task: Task) -> Graded:
    """`work` in the place of the real one; the folder travels as the root of the course."""
    return work(spec.root, task)


def judging(pid: int, timeout_s: float = 60.0) -> list[psutil.Process]:
    """All below a Dask worker, once it has a judge with a zygote and workers: they are told by their number."""
    until = time.monotonic() + timeout_s
    while True:
        below: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
        if len(below) > 3 and any("grader.judge" in one.cmdline() for one in below if one.is_running()):
            return below
        assert time.monotonic() < until, below


def end_tree(pid: int) -> None:
    """Kill a process and all below it, as when a machine loses its power."""
    top = psutil.Process(pid)
    for one in (*top.children(recursive=True), top):
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


def only_here() -> Callable[[], None]:
    """A function of a module that no Dask worker can import."""
    module = types.ModuleType("only_here")
    sys.modules["only_here"] = module
    exec("def missing(): pass", module.__dict__)
    missing: Callable[[], None] = module.__dict__["missing"]
    return missing


def pid() -> int:
    """That of the Dask worker."""
    return os.getpid()


def _first(folder: str, task: Task) -> bool:
    with contextlib.suppress(FileExistsError):
        Path(folder, f"{task.key}-once").touch(exist_ok=False)
        return True
    return False


class _Unreadable(Exception):  # noqa: N818
    """It cannot be unpickled: that calls it with one argument."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} {other}")
