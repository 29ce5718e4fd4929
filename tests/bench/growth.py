"""python -m tests.bench.growth [NUMBER]: what a coordinator can do, with recorded outcomes in the place of grading.

The files of a large class go through `grader.batch.run` and a pool. Grading is replaced by a result that was recorded
once, so that what is left is what the coordinator, the scheduler and the wire cost for each file. Printed are files
per second, processor time for each file by process, and the memory of the coordinator on the way.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import psutil  # type: ignore[import-untyped]

from grader.batch import run as run_module
from grader.batch.cluster import connect
from grader.batch.digest import exercise_digests
from grader.batch.keys import make_keys
from grader.batch.pool import LocalPool
from grader.batch.run import Tally, run
from grader.batch.task import Spec, Task, grade
from grader.classroom import Graded
from grader.engine import Options
from tests.batch.books import Waiting
from tests.batch.clusters import processes
from tests.course_files import course, job_of

SOURCE = "class ReLU:\n    def forward(self, X):\n        return X.clamp(min=0)\n" * 20


class Counting:
    """A gradebook that forgets."""

    def __init__(self) -> None:
        self.recorded = 0

    def record_many(self, items: Iterable[tuple[str, Any, Graded]]) -> None:
        """Count them."""
        self.recorded += sum(1 for _ in items)


def replay(spec: Spec, task: Task) -> Graded:
    """The recorded result, for every file."""
    return _recorded(spec.root)


@cache
def _recorded(path: str) -> Graded:
    return msgspec.msgpack.decode(Path(path).read_bytes(), type=Graded)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("number", nargs="?", type=int, default=100_000, help="files of the class")
    parser.add_argument("--workers", type=int, default=2, help="Dask workers")
    parser.add_argument("--chunk", type=int, nargs="*", default=[8, 1], help="files in a task of Dask")
    parser.add_argument("--real", type=int, default=0, metavar="N", help="grade N submissions really instead")
    chosen = parser.parse_args()
    if chosen.real:
        with tempfile.TemporaryDirectory() as folder:
            _grade_really(Path(folder), chosen.real)
        return
    with tempfile.TemporaryDirectory() as folder:
        spec = _record(Path(folder))
        # By the name that Dask workers know it by, not as a part of this program.
        vars(run_module)["grade"] = importlib.import_module("tests.bench.growth").replay
        print(f"{chosen.number} files, a result of {Path(spec.root).stat().st_size} bytes each")
        with ThreadPoolExecutor(2) as pool:
            _measure("threads of this process", pool, spec, chosen.number, 4, {})
        keys = make_keys(Path(folder) / "keys")
        for chunk in chosen.chunk:
            with processes(keys, Path(folder)) as cluster:
                scheduler = cluster.start_scheduler()
                cluster.drain(scheduler)
                workers = cluster.start_workers(chosen.workers)
                with connect(cluster.address, keys, width=chosen.workers, chunk=chunk) as distant:
                    others = {"scheduler": scheduler.pid, "Dask workers": workers.pid}
                    name = f"{chosen.workers} Dask workers, {chunk} in a task"
                    _measure(name, distant, spec, chosen.number, distant.in_flight, others)


def _record(folder: Path) -> Spec:
    """A result of the real grader, and the spec by which it is found."""
    exercise = course().get("relu")
    assert exercise is not None
    options = Options(seed=7)
    wrong = sorted((exercise.solution.parent / "wrong").glob("*.py"))[0]
    job = job_of("relu", wrong)
    real = Spec(root=str(course().root), slugs=("relu",), digests=exercise_digests(course(), options), options=options)
    with LocalPool(1) as pool:
        task = Task(key="", slug="relu", file=job.file, sha256=job.sha256, source=job.source)
        graded = pool.submit(grade, real, task).result()
    path = folder / "recorded"
    path.write_bytes(msgspec.msgpack.encode(graded))
    return msgspec.structs.replace(real, root=str(path))


def _measure(name: str, pool: Executor, spec: Spec, number: int, in_flight: int, others: dict[str, int]) -> None:
    me = psutil.Process()
    resident: list[float] = []
    marks = {max(1, number * part // 10) for part in (1, 5, 10)}

    def look(tally: Tally) -> None:
        if tally.done in marks:
            resident.append(me.memory_info().rss / 2**20)

    book: Any = Counting()
    before = {"coordinator": _cpu_s(me.pid, below=False), **{other: _cpu_s(pid) for other, pid in others.items()}}
    started = time.perf_counter()
    tally = run(book, pool, course(), spec, _waiting(number), in_flight=in_flight, told=look)
    wall_s = time.perf_counter() - started
    assert book.recorded == tally.done == number, tally
    print(f"\n{name}: {number / wall_s:.0f} files per second")
    for who, pid in {"coordinator": me.pid, **others}.items():
        used_s = _cpu_s(pid, below=pid != me.pid) - before[who]
        print(f"  processor time of the {who}: {used_s / number * 1000:.2f} ms for each file")
    print(f"  coordinator, MiB after a tenth, half, all: {', '.join(f'{mib:.0f}' for mib in resident)}", flush=True)


def _waiting(number: int) -> Iterator[Any]:
    for index in range(number):
        yield Waiting(key=f"{index:064x}", slug="relu", file="relu.py", sha256=f"{index:064x}", source=SOURCE)


def _cpu_s(pid: int, *, below: bool = True) -> float:
    """Of a process and all below it, those that have ended too."""
    top = psutil.Process(pid)
    total = 0.0
    for one in (top, *(top.children(recursive=True) if below else ())):
        with contextlib.suppress(psutil.NoSuchProcess):
            used = one.cpu_times()
            total += used.user + used.system + (used.children_user + used.children_system if below else 0)
    return total


def _grade_really(folder: Path, rounds: int) -> None:
    """What a submission costs, all processes together: on this machine, and on a cluster of it."""
    options = Options(seed=7)
    found = course()
    slugs = found.slugs
    spec = Spec(root=str(found.root), slugs=slugs, digests=exercise_digests(found, options), options=options)
    jobs = [job_of(one.slug, one.solution) for one in found.exercises]
    tasks = [Task(key="", slug=job.slug, file=job.file, sha256=job.sha256, source=job.source) for job in jobs]
    print(f"\nGrading reference solutions, {rounds} submissions of {len(tasks)} files")
    with LocalPool(2) as local:
        _pay("this machine", local, spec, tasks, rounds)
    keys = make_keys(folder / "keys")
    for chunk in (1, 8):
        with processes(keys, folder) as cluster:
            scheduler = cluster.start_scheduler()
            cluster.drain(scheduler)
            cluster.start_workers(2)
            with connect(cluster.address, keys, width=2, chunk=chunk) as pool:
                _pay(f"2 Dask workers, {chunk} in a task", pool, spec, tasks, rounds)


def _pay(name: str, pool: Executor, spec: Spec, tasks: list[Task], rounds: int) -> None:
    for one in [pool.submit(grade, spec, task) for task in tasks * 4]:
        one.result()
    me = psutil.Process().pid  # all others are below it
    before, started = _cpu_s(me), time.perf_counter()
    for one in [pool.submit(grade, spec, task) for task in tasks * rounds]:
        one.result()
    wall_s, cpu_s = time.perf_counter() - started, _cpu_s(me) - before
    print(f"  {name}: {cpu_s / rounds:.3f} s of processor time for a submission, {rounds / wall_s:.1f} in a second")


if __name__ == "__main__":
    main()
