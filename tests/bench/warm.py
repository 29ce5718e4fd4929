"""This grader, warm: one judge, and every process counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import psutil  # type: ignore[import-untyped]

from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options
from grader.model import Status
from tests.bench.usage import Cost, private_mib, tree_cpu_s

SEED = 1
CALM = 6  # looks, 10 ms apart


class Warm:
    """An engine that has graded before. Use it as a context manager."""

    def __init__(self, course: Course) -> None:
        self._engine = Engine(course, course.slugs, Options(seed=SEED))
        self._me = psutil.Process()

    def __enter__(self) -> Warm:
        self._engine.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.close()

    def grade(self, jobs: Sequence[Job]) -> None:
        """Grade jobs; raises RuntimeError unless all get full marks."""
        for event in self._engine.grade(jobs):
            if isinstance(event, ExerciseFinished) and event.result.status is not Status.PASSED:
                raise RuntimeError(f"{event.result.slug}: {event.result.status}: {event.result.problem}")

    def cost(self, jobs: Sequence[Job], *, per: int) -> Cost:
        """What one of `per` costs when all `jobs` are graded: this process, judge, zygote, and workers to their end."""
        self._settle()
        below_s, own_s, started = tree_cpu_s(self._judge), time.process_time(), time.perf_counter()
        self.grade(jobs)
        own_s, wall_s = time.process_time() - own_s, time.perf_counter() - started
        self._settle()
        return Cost((own_s + tree_cpu_s(self._judge) - below_s) / per, wall_s / per)

    def memory(self, jobs: Sequence[Job]) -> dict[str, float | None]:
        """Private MiB of judge and zygote, and the most that a worker had while `jobs` were graded."""
        peak = [0.0]
        done = threading.Event()

        def watch() -> None:
            while not done.is_set():
                for worker in self._zygote.children():
                    peak[0] = max(peak[0], private_mib(worker) or 0.0)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            self.grade(jobs)
        finally:
            done.set()
            watcher.join()
        return {
            "judge": private_mib(self._judge),
            "zygote": private_mib(self._zygote),
            "worker, at most": peak[0] or None,
        }

    @property
    def _judge(self) -> Any:
        return self._me.children()[0]

    @property
    def _zygote(self) -> Any:
        return self._judge.children()[0]

    def _settle(self) -> None:
        """Wait until no worker comes or goes: a round pays for the end of its own, and for the spare ones it takes."""
        deadline, before, calm = time.monotonic() + 2, None, 0
        while calm < CALM and time.monotonic() < deadline:
            now = {worker.pid for worker in self._zygote.children()}
            calm = calm + 1 if now == before else 0
            before = now
            time.sleep(0.01)
