"""python -m tests.bench [--profile] [--quick] [--class]: measure everything in one run, print tables."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from tests.bench import isolation, profile
from tests.bench.usage import Cost, Costs, adopt_orphans, run
from tests.bench.warm import Warm
from tests.course_files import ROOT, course, job_of

# One thread for all that are compared, as in the judge. Plugins of pytest that only cost start-up stay out,
# and so does the configuration of this project.
FAIR = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONPATH": str(ROOT),
}
PYTEST = [
    *(sys.executable, "-m", "pytest", "-q", "-c", os.devnull, f"--rootdir={ROOT}", "--import-mode=importlib"),
    *("-p", "grader.pytest_plugin", "-p", "no:cacheprovider"),
]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--profile", action="store_true", help="only show where the time of a submission goes")
    parser.add_argument("--quick", action="store_true", help="one round of everything: rougher, and shorter")
    parser.add_argument("--class", dest="of_a_class", action="store_true", help="only measure a class of 200")
    chosen = parser.parse_args()
    os.chdir(ROOT)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(
        f"{platform.system()} {platform.machine()}, {cores} cores, load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, torch {version('torch')}, pytest {version('pytest')}"
    )
    if chosen.profile:
        profile.show()
        return
    adopt_orphans()
    if chosen.of_a_class:
        from tests.bench import batch  # which measures with what is defined here

        batch.show()
        return
    Bench(rounds=1 if chosen.quick else 3).show()


class Bench:
    """One run of all measurements."""

    def __init__(self, rounds: int) -> None:
        self._rounds = rounds
        self._course = course()

    def show(self) -> None:
        """Print the tables as they are done."""
        isolation.show()
        bare, count, gradcheck_s = self._bare()
        print(f"{len(self._course.exercises)} exercises with {count} checks, reference solutions\n")
        warm, memory = self._warm()
        pytest_each = {
            e.slug: self._costs(partial(run, [*PYTEST, str(e.suite), "--submission", str(e.solution)], env=FAIR), 2)
            for e in self._course.exercises
        }
        suites = [str(e.suite) for e in self._course.exercises]
        pytest_all = self._costs(partial(run, [*PYTEST, *suites], env=FAIR), 3)

        print("CPU seconds per exercise (best of the rounds) [wall]")
        print(f"  {'':16}{'this grader':>18}{'pytest process':>20}{'ratio':>8}{'bare calls':>20}")
        for slug in self._course.slugs:
            ours, theirs, least = warm[slug], pytest_each[slug], bare[slug]
            print(
                f"  {slug:16}{_seconds(ours):>18}{_seconds(theirs):>20}"
                f"{theirs.cpu_min_s / ours.cpu_min_s:>8.0f}{_seconds(least):>20}"
            )
        ours = warm[""]
        every = _sum(list(pytest_each.values()))
        print(f"\nSeconds per submission of {len(suites)} exercises")
        print(f"  {'':42}{'CPU min':>9}{'median':>9}{'wall min':>10}{'median':>9}{'CPU ratio':>11}")
        for name, costs in (
            ("this grader, warm, all processes", ours),
            ("a fresh pytest process per exercise", every),
            ("one fresh pytest process per submission", pytest_all),
            ("bare calls in one warm process (limit)", _sum(list(bare.values()))),
        ):
            _line(name, costs, costs.cpu_min_s / ours.cpu_min_s)
        print("\nPrivate memory (USS)")
        for name, mib in memory.items():
            print(f"  {name:42}{'may not be read' if mib is None else f'{mib:6.1f} MiB'}")
        self._commands(gradcheck_s)

    def _bare(self) -> tuple[dict[str, Costs], int, float]:
        command = [sys.executable, "-m", "tests.bench.bare", str(10 * self._rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=FAIR)
        found = json.loads(done.stdout)
        costs = {
            slug: Costs(tuple(Cost(cpu_s, wall_s) for cpu_s, wall_s in rounds))
            for slug, rounds in found["costs"].items()
        }
        return costs, found["checks"], found["gradcheck_s"]

    def _warm(self) -> tuple[dict[str, Costs], dict[str, float | None]]:
        """By slug, and all of a submission under the empty name."""
        jobs = [job_of(e.slug, e.solution) for e in self._course.exercises]
        costs = {}
        with Warm(self._course) as engine:
            engine.grade(jobs * 3)
            costs[""] = self._costs(partial(engine.cost, jobs * 6, per=6), 5)
            for job in jobs:
                costs[job.slug] = self._costs(partial(engine.cost, [job] * 20, per=20), 2)
            memory = engine.memory(jobs * 2)
        return costs, memory

    def _commands(self, gradcheck_s: float) -> None:
        with tempfile.TemporaryDirectory() as folder:
            env = {**os.environ, "XDG_STATE_HOME": folder}
            grade = str(Path(sys.executable).with_name("grade"))
            html = str(Path(folder) / "report.html")
            stubs = self._costs(partial(run, [grade, "exercises/", "--html", html], statuses=(1,), env=env), 4)
            torch = self._costs(partial(run, [sys.executable, "-c", "import torch"], env=FAIR), 4)
            help_ = self._costs(partial(run, [grade, "--help"], env=env), 4)
        least = Costs(tuple(Cost(one.cpu_s + gradcheck_s, one.wall_s + gradcheck_s) for one in torch.rounds))
        print("\nSeconds per command")
        print(f"  {'':42}{'CPU min':>9}{'median':>9}{'wall min':>10}{'median':>9}{'wall ratio':>11}")
        _line("python -c 'import torch' + 1 warm gradcheck", least, 1.0)
        _line("grade exercises/ (the stubs)", stubs, stubs.wall_min_s / least.wall_min_s)
        _line("grade --help", help_, help_.wall_min_s / least.wall_min_s)

    def _costs(self, measure: Callable[[], Cost], rounds: int) -> Costs:
        return Costs(tuple(measure() for _ in range(min(rounds, self._rounds * 2))))


def _sum(parts: Sequence[Costs]) -> Costs:
    """Round by round, the sum of the parts."""
    return Costs(
        tuple(
            Cost(sum(one.cpu_s for one in together), sum(one.wall_s for one in together))
            for together in zip(*(part.rounds for part in parts), strict=True)
        )
    )


def _seconds(costs: Costs) -> str:
    return f"{costs.cpu_min_s:.4f} [{costs.wall_min_s:.4f}]"


def _line(name: str, costs: Costs, ratio: float) -> None:
    print(
        f"  {name:42}{costs.cpu_min_s:9.3f}{costs.cpu_median_s:9.3f}"
        f"{costs.wall_min_s:10.3f}{costs.wall_median_s:9.3f}{ratio:11.2f}"
    )


if __name__ == "__main__":
    main()
