"""What Dask workers of these tests do in the place of grading. Each call leaves a line in a folder: it can be counted."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import types
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from grader.batch.digest import exercise_digests
from grader.batch.task import Spec, Task, announce
from grader.classroom import Graded
from grader.course import Course
from grader.engine import EngineError, IsolationUnavailable, Options
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


def announced(root: str) -> str:
    """Start a real engine, and leave it running."""
    course = Course.load(Path(root))
    options = Options(seed=7)
    slugs = course.slugs[:1]
    digests = exercise_digests(course, options)
    return announce(Spec(root=root, slugs=tuple(slugs), digests=digests, options=options)).environment.torch


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
