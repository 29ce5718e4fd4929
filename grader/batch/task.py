"""One file to grade, wherever that happens, and the function that grades it.

`grade` is what every pool calls, in a thread of this process or in a worker of a cluster. The first call of a thread
starts an engine, which stays warm for the later ones. Everything that goes in and comes out is plain data.
"""

from __future__ import annotations

import platform
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from grader.classroom import Graded
from grader.course import Course
from grader.engine import Engine, EngineError, ExerciseFinished, Job, Options, Ready, StoppedError
from grader.notebooks.cells import cells_in, relocate


class TakenDownError(Exception):
    """What graded this file ended, one process after the other: it may be the file's doing."""


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What all tasks of a run share: the course, what of it is graded, and how.

    `digests` are those of `exercise_digests`: a machine that finds other ones in `root` must not grade.
    """

    root: str
    slugs: tuple[str, ...]
    digests: dict[str, str]
    options: Options


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One file for one exercise. `key` is what its result is kept under; `source` is None exactly if there is a
    `problem` that says why the file can't be read.
    """

    key: str
    slug: str
    file: str
    sha256: str
    source: str | None = None
    problem: str = ""


class _Engines:
    """The engines of this process, one for each thread that grades."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_thread: dict[int, tuple[Spec, Engine]] = {}
        self._stopped = False

    def get(self, spec: Spec) -> Engine:
        """The engine of the calling thread, made if need be."""
        me = threading.get_ident()
        with self._lock:
            if self._stopped:
                raise StoppedError("stopped")
            known = self._by_thread.get(me)
            if known is not None and known[0] == spec:
                return known[1]
        if known is not None:
            known[1].close()
        engine = Engine(_course(spec), spec.slugs, spec.options)
        with self._lock:
            if self._stopped:
                raise StoppedError("stopped")
            self._by_thread[me] = (spec, engine)
        return engine

    def open(self) -> None:
        """Allow engines, after `stop`."""
        with self._lock:
            self._stopped = False

    def stop(self) -> None:
        """End all of them, whatever they are doing, and allow no other."""
        with self._lock:
            self._stopped = True
            known, self._by_thread = list(self._by_thread.values()), {}
        for _, engine in known:
            engine.stop()


engines = _Engines()


def grade(spec: Spec, task: Task) -> Graded:
    """Grade one file. Raises `EngineError` when that can't be done here at all."""
    job = Job(slug=task.slug, file=task.file, sha256=task.sha256, source=task.source, problem=task.problem)
    ready, finished = None, None
    started = time.monotonic()
    for event in engines.get(spec).grade([job]):
        match event:
            case Ready():
                ready = event
                started = time.monotonic()
            case ExerciseFinished():
                finished = event
    assert ready is not None
    assert finished is not None
    return Graded(
        result=relocate(finished.result, cells_in(task.file, task.source)),
        seed=ready.seed,
        isolation=ready.isolation.level.value,
        graded_at=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_s=time.monotonic() - started,
        cpu_s=finished.cpu_s,
        memory_mib=finished.memory_mib,
        host=platform.node(),
    )


def announce(spec: Spec) -> Ready:
    """What a judge for `spec` says of itself: the plan of checks, what isolates it, its versions."""
    return next(event for event in engines.get(spec).grade([]) if isinstance(event, Ready))


def _course(spec: Spec) -> Course:
    """The course, if it is the one that the run was started with."""
    from grader.batch.digest import exercise_digests

    course = Course.load(Path(spec.root))
    found = exercise_digests(course, spec.options)
    other = [slug for slug in spec.slugs if found.get(slug) != spec.digests.get(slug)]
    if other:
        raise EngineError(
            f"{platform.node()}: the exercise {other[0]} in {spec.root}, the grader or torch is not the one that this "
            "run was started with; make them the same everywhere and run the command again"
        )
    return course
