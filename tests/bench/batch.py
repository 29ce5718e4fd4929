"""python -m tests.bench.batch [--students N] [--growth]: a whole class, against one pytest process for each file.

And against other graders, where they are installed (see `tests.bench.others`).

The class hands in all exercises: reference solutions, right and wrong files, stubs, and attacks that end a process,
use up memory or print without end. Every file has a comment of its own, so that no two are equal and none is graded
once for two. What one pytest process for each file costs is measured on a sample of the same class and multiplied.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.bench import others
from tests.bench.__main__ import FAIR, PYTEST
from tests.bench.usage import adopt_orphans, reap, run
from tests.course_files import ROOT, course, course_files

SEED = 8
HOSTILE = (
    "import os\nos._exit(0)\n",
    "raise SystemExit\n",
    "import sys\nsys.setrecursionlimit(10**6)\ndef f(n):\n    return f(n + 1)\nf(0)\n",
    "print('x' * (1 << 26))\n",
    "def __getattr__(name):\n    return lambda *a, **k: None\n",
    "import builtins\nbuiltins.__import__ = None\n",
    "buffers = [bytearray(1 << 28) for _ in range(64)]\n",
)
SHARE_HOSTILE = 0.05


def write_class(folder: Path, students: int) -> int:
    """Write a class of folders; returns how many files there are."""
    chance = random.Random(SEED)  # noqa: S311  the same class each time
    by_slug: dict[str, list[str]] = {}
    for file in course_files():
        by_slug.setdefault(file.exercise.slug, []).append(file.path.read_text("utf-8"))
    count = 0
    for number in range(students):
        place = folder / f"student{number:05}"
        place.mkdir(parents=True)
        for slug, texts in by_slug.items():
            text = chance.choice(HOSTILE) if chance.random() < SHARE_HOSTILE else chance.choice(texts)
            (place / f"{slug}.py").write_text(f"{text}\n# {number}\n", "utf-8")
            count += 1
    return count


class Peak:
    """The most memory that a process has had resident while it was looked at, in MiB."""

    def __init__(self, pid: int) -> None:
        self.mib = 0.0
        self._process = psutil.Process(pid)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Stop looking; the peak."""
        self._done.set()
        self._thread.join()
        return self.mib

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            try:
                self.mib = max(self.mib, self._process.memory_info().rss / (1 << 20))
            except psutil.Error:
                return


def batch(folder: Path, out: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds of all processes, and the coordinator's peak memory in MiB, of one `grade batch`."""
    reap()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", "batch", str(folder), "--out", str(out), "--course", str(ROOT)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = Peak(process.pid)
    _, errors = process.communicate()
    wall_s = time.perf_counter() - started
    mib = peak.stop()
    if process.returncode != 0:
        raise RuntimeError(f"grade batch ended with {process.returncode}: {errors}")
    reap()  # what the judges left to us to wait for
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, mib


def pytest_each(folder: Path, sample: int) -> tuple[float, float]:
    """Wall and CPU seconds of one pytest process for a file, the mean over a sample: it may fail or crash."""
    chance = random.Random(SEED)  # noqa: S311
    files = sorted(folder.glob("*/*.py"))
    suites = {exercise.slug: str(exercise.suite) for exercise in course().exercises}
    costs = [
        run(
            [*PYTEST, suites[file.stem], "--submission", str(file)],
            statuses=range(-15, 256),
            env={**FAIR, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        for file in chance.sample(files, sample)
    ]
    return sum(one.wall_s for one in costs) / sample, sum(one.cpu_s for one in costs) / sample


def show_class(students: int, sample: int) -> None:
    """Print the class against pytest, and what the same command costs when all is done."""
    with tempfile.TemporaryDirectory() as folder:
        place, out = Path(folder, "class"), Path(folder, "out")
        files = write_class(place, students)
        wall_s, cpu_s, mib = batch(place, out)
        again_s, again_cpu_s, _ = batch(place, out)
        each_wall_s, each_cpu_s = pytest_each(place, sample)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    print(f"A class of {students} with {files:,} files, no two alike, reports included; {cores} cores")
    print(f"  {'':44}{'wall s':>10}{'CPU s':>10}{'files a second':>16}")
    print(f"  {'grade batch':44}{wall_s:10.1f}{cpu_s:10.1f}{files / wall_s:16.1f}")
    print(f"  {'the same command again':44}{again_s:10.1f}{again_cpu_s:10.1f}{again_s / wall_s:15.1%} of it")
    theirs = each_wall_s * files / cores
    name = f"a pytest process a file ({sample} measured)"
    print(f"  {name:44}{theirs:10.1f}{each_cpu_s * files:10.1f}{files / theirs:16.1f}")
    print(f"  {'ratio':44}{theirs / wall_s:10.1f}{each_cpu_s * files / cpu_s:10.1f}")
    print(f"  the coordinator's memory: {mib:.0f} MiB at most\n")


def show_growth(sizes: tuple[int, ...]) -> None:
    """Print how the cost of a file grows with the class."""
    print(f"  {'files':>10}{'wall s':>10}{'ms a file':>12}{'CPU ms a file':>16}{'coordinator MiB':>18}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            files = write_class(Path(folder, "class"), max(1, size // 7))
            wall_s, cpu_s, mib = batch(Path(folder, "class"), Path(folder, "out"))
        print(f"  {files:10,}{wall_s:10.1f}{1e3 * wall_s / files:12.1f}{1e3 * cpu_s / files:16.1f}{mib:18.0f}")


def show(students: int = 200, sample: int = 28, python: str = sys.executable) -> None:
    """Print what a class costs, beside pytest and the other graders that `python` has."""
    show_class(students, sample)
    others.show(others.STUDENTS, python)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--sample", type=int, default=28, help="how many files pytest is measured on")
    parser.add_argument("--growth", action="store_true", help="100, 1,000 and 10,000 files instead")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the other graders")
    chosen = parser.parse_args()
    adopt_orphans()
    os.chdir(ROOT)
    if chosen.growth:
        show_growth((100, 1_000, 10_000))
    else:
        show(chosen.students, chosen.sample, chosen.python)


if __name__ == "__main__":
    main()
