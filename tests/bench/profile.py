"""Where the time of a submission goes: clocks around the parts of the judge, and in the worker by way of `probe`.

The judge runs in this very process. The clocks nest, so each part is shown without the parts inside it; they
themselves cost some microseconds for each thing counted.
"""

from __future__ import annotations

import gc
import importlib
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from grader.engine import _spec
from grader.judge import messages
from grader.sandbox import Zygote, boot
from tests.bench import probe
from tests.bench.usage import tree_cpu_s
from tests.course_files import course, job_of

# What is clocked in the judge under which name: a module of the grader, and the path of a function in it.
CLOCKS = (
    ("judge.session", "run_item", "pytest, per item"),
    ("seeds", "seed_everything", "seeding"),
    ("forbidden", "findings", "looking for forbidden APIs"),
    ("judge.session", "explain", "feedback"),
    ("sandbox.zygote", "Zygote.take", "taking a worker (fork)"),
    ("sandbox.worker", "Worker.kill", "ending a worker"),
    ("judge.client", "Client._request", "requests: values, proxies, graph"),
    ("worker.mirrors", "Mirrors.changes", "mirrors: compare and copy"),
    ("worker.mirrors", "Mirrors.apply", "mirrors: compare and copy"),
    ("worker.mirrors", "Mirrors.take_unowned", "mirrors: compare and copy"),
    ("judge.channel", "Channel.send", "encoding and sending"),
    ("judge.channel", "Channel.receive", "receiving and decoding"),
    ("judge.channel", "Channel._wait", "waiting for the worker"),
)
WARM_UP = 3
SUBMISSIONS = 20


class Clock:
    """Adds the time between two calls to the innermost name that is open."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self._open = ["the rest: results, this loop"]
        self._at = time.perf_counter()

    def clear(self) -> None:
        """Forget what was counted."""
        self.seconds.clear()
        self.calls.clear()
        self._at = time.perf_counter()

    def enter(self, name: str) -> None:
        """Open a name."""
        now = time.perf_counter()
        self.seconds[self._open[-1]] += now - self._at
        self._open.append(name)
        self.calls[name] += 1
        self._at = now

    def leave(self) -> None:
        """Close the innermost name."""
        now = time.perf_counter()
        self.seconds[self._open.pop()] += now - self._at
        self._at = now

    def wrap(self, owner: Any, function: str, name: str) -> None:
        """Count a function, or a method of a class, under a name."""
        inner: Callable[..., Any] = getattr(owner, function)

        def timed(*args: Any, **kwargs: Any) -> Any:
            self.enter(name)
            try:
                return inner(*args, **kwargs)
            finally:
                self.leave()

        setattr(owner, function, timed)


def show() -> None:
    """Profile warm submissions of all reference solutions, print two tables."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        sums = str(Path(folder) / "probe")
        Path(sums).write_bytes(bytes(probe.SIZE))
        _send_probe(sums)
        zygote = Zygote(without=("bubblewrap",))  # or it could not see the file with the sums
        zygote.start()
        try:
            _run(zygote, sums)
        finally:
            zygote.close()


def _send_probe(sums: str) -> None:
    """Have every zygote get one module more."""
    plain = boot.sources
    text = Path(probe.__file__).read_text("utf-8")
    start = f"\nimport sys\ninstall(vars(sys.modules['worker']), {sums!r})\n"
    boot.sources = lambda: [*plain(), ("probe", text + start)]


def _put_clocks(clock: Clock) -> None:
    class SuiteClock:
        @pytest.hookimpl(wrapper=True)
        def pytest_pyfunc_call(self) -> Generator[None, object, object]:
            clock.enter("the suite's own code")
            try:
                return (yield)
            finally:
                clock.leave()

    # pytest finds its hooks by name in the plugin, which the session is.
    session = importlib.import_module("grader.judge.session")
    session.Session.pytest_pyfunc_call = SuiteClock.pytest_pyfunc_call
    for module, function, name in CLOCKS:
        clock.wrap(*probe.owner_of(importlib.import_module(f"grader.{module}"), function), name)


def _run(zygote: Zygote, sums: str) -> None:
    import torch

    from grader.judge import session

    torch.set_num_threads(1)
    found, clock = course(), Clock()
    jobs = [job_of(exercise.slug, exercise.solution) for exercise in found.exercises]
    _put_clocks(clock)
    before: dict[str, tuple[float, int]] = {}
    me, cpu_s, wall_s = psutil.Process(), [0.0, 0.0], [0.0, 0.0]
    own_s = [0.0, 0.0]

    def orders() -> Iterator[messages.Job]:
        gc.collect()
        gc.freeze()
        for _ in range(WARM_UP):
            yield from jobs
        before.update(probe.read(sums))
        cpu_s[0], own_s[0], wall_s[0] = tree_cpu_s(me), time.process_time(), time.perf_counter()
        clock.clear()
        for _ in range(SUBMISSIONS):
            yield from jobs
        cpu_s[1], own_s[1], wall_s[1] = tree_cpu_s(me), time.process_time(), time.perf_counter()

    setup = messages.Setup(
        root=str(found.root),
        suites=tuple(_spec(e, look=True) for e in found.exercises),
        seed=1,
        parent=os.getpid(),
    )
    session.run(setup, zygote, orders(), lambda event: None)
    after = probe.read(sums)
    total, judge = (cpu_s[1] - cpu_s[0]) / SUBMISSIONS, (own_s[1] - own_s[0]) / SUBMISSIONS
    print(
        f"Per submission of {len(jobs)} exercises: {1e3 * (wall_s[1] - wall_s[0]) / SUBMISSIONS:.1f} ms wall; "
        f"{1e3 * total:.1f} ms CPU, of which the judge {1e3 * judge:.1f}\n"
    )
    _table("Judge (wall)", {name: (clock.seconds[name], clock.calls[name]) for name in clock.seconds})
    workers = {name: (after[name][0] - before[name][0], after[name][1] - before[name][1]) for name in after}
    del workers["waiting for the judge"]  # spares do so too, and it costs nothing
    _table("Zygote and workers (wall)", workers)
    busy = sum(seconds for seconds, _ in workers.values()) / SUBMISSIONS
    print(
        f"Zygote and workers used {1e3 * (total - judge):.1f} ms CPU; {1e3 * busy:.1f} ms wall are in the table.\n"
        "What is missing is the kernel's: giving memory back when a worker ends, waking processes."
    )


def _table(head: str, parts: dict[str, tuple[float, int]]) -> None:
    print(f"{head:44}{'ms':>8}{'times':>8}{'us each':>9}")
    for name, (seconds, calls) in sorted(parts.items(), key=lambda part: -part[1][0]):
        each = f"{1e6 * seconds / calls:9.0f}" if calls else ""
        print(f"  {name:42}{1e3 * seconds / SUBMISSIONS:8.2f}{calls / SUBMISSIONS:8.1f}{each}")
    print()
