"""The pool of this machine: threads, each with a warm engine of its own.

A `concurrent.futures` executor like that of a cluster. The threads only wait: the work is done by the judges and
workers that their engines start. A judge ends with the thread that started it, so the threads live as long as the pool.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from grader.batch.task import engines


class LocalPool(ThreadPoolExecutor):
    """`size` engines, by default one for each core that this process may use. One pool at a time in a process.

    Whatever ends the `with` block, an interrupt too, ends the judges and all below them: tasks that wait are
    cancelled, and those that run fail with `StoppedError`.
    """

    def __init__(self, size: int | None = None) -> None:
        self.size = size or cores()
        super().__init__(max_workers=self.size, thread_name_prefix="grade")
        engines.open()

    @property
    def in_flight(self) -> int:
        """How many files keep it busy: for each engine one that is graded, and one that waits for it."""
        return 2 * self.size

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        engines.stop()
        self.shutdown(wait=True, cancel_futures=True)
        return None


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
