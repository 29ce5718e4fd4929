"""What processes cost: CPU seconds (user and system), wall seconds, private memory."""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psutil  # type: ignore[import-untyped]

from grader.worker import confine

MIB = 1 << 20


@dataclass(frozen=True)
class Cost:
    """CPU and wall seconds of one round, per unit of work."""

    cpu_s: float
    wall_s: float


@dataclass(frozen=True)
class Costs:
    """Several rounds of the same work."""

    rounds: tuple[Cost, ...]

    @property
    def cpu_min_s(self) -> float:
        """The cheapest round: other load on the machine only ever adds."""
        return min(one.cpu_s for one in self.rounds)

    @property
    def cpu_median_s(self) -> float:
        """The middle round."""
        return statistics.median(one.cpu_s for one in self.rounds)

    @property
    def wall_min_s(self) -> float:
        """The quickest round."""
        return min(one.wall_s for one in self.rounds)

    @property
    def wall_median_s(self) -> float:
        """The middle round."""
        return statistics.median(one.wall_s for one in self.rounds)


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends, so that what they used is counted here."""
    confine.adopt_orphans()


def run(command: Sequence[str], *, statuses: Sequence[int] = (0,), env: dict[str, str] | None = None) -> Cost:
    """Run a command to its end and that of all its descendants; no other child may be alive meanwhile.

    Raises RuntimeError with its output when it ends with a status that is not expected.
    """
    reap()  # what an earlier measurement left is not this one's
    before = _children_s()
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    wall_s = time.perf_counter() - started
    if done.returncode not in statuses:
        raise RuntimeError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    reap()
    return Cost(_children_s() - before, wall_s)


def reap() -> None:
    """Wait for all children, adopted ones too."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tree_cpu_s(root: Any) -> float:
    """CPU seconds of a process and all below it, those that ended and were waited for included.

    The kernel counts these in steps of 10 ms: measure rounds of a second and more.
    """
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue  # it has just ended, and is in its parent's sum now
        total += times.user + times.system + times.children_user + times.children_system
    return total


def private_mib(process: Any) -> float | None:
    """Memory that would be free if the process ended (USS), in MiB; None when it may not be read."""
    try:
        return float(process.memory_full_info().uss) / MIB
    except psutil.Error:
        return None
