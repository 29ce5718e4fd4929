"""The limit: the functions of the suites, called one after the other in one warm process.

python -m tests.bench.bare ROUNDS prints JSON: for each slug the CPU and wall seconds of its rounds, the number of
checks, and the wall seconds of one warm gradcheck.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from grader import seeds
from grader.course import Exercise
from grader.pytest_plugin import pretend_cuda
from tests.course_files import course

WARM_UP = 3


def load(path: Path) -> ModuleType:
    """The module at `path`, imported anew."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def checks(suite: ModuleType) -> list[Callable[..., Any]]:
    """The checks of a suite, in the order of its source."""
    found = [f for name, f in vars(suite).items() if name.startswith("test_")]
    for check in found:
        wanted = list(inspect.signature(check).parameters)
        if wanted != ["submission"]:
            raise RuntimeError(f"{suite.__name__}: {check.__name__} needs {wanted}; only pytest can call it")
    return found


def call(check: Callable[..., Any], module: ModuleType, solution: Path) -> None:
    """Call one check; under its `pretend` marker, with a module of its own."""
    marks = {mark.name: mark for mark in getattr(check, "pytestmark", ())}
    if "pretend" not in marks:
        check(module)
        return
    with pytest.MonkeyPatch.context() as patch:
        pretend_cuda(patch.setattr, bool(marks["pretend"].kwargs["cuda"]))
        check(load(solution))


def measure(exercise: Exercise, rounds: int) -> tuple[list[tuple[float, float]], int]:
    """(CPU, wall) seconds of each round, and the number of checks."""
    found, module = checks(load(exercise.suite)), load(exercise.solution)
    costs = []
    for _ in range(WARM_UP + rounds):
        seeds.seed_everything(1)
        cpu_s, started = time.process_time(), time.perf_counter()
        for check in found:
            call(check, module, exercise.solution)
        costs.append((time.process_time() - cpu_s, time.perf_counter() - started))
    return costs[WARM_UP:], len(found)


def warm_gradcheck_s() -> float:
    """Wall seconds of one gradcheck of a matrix product, when none of it is new."""
    factors = [torch.randn(size, dtype=torch.double, requires_grad=True) for size in ((5, 4), (4, 3))]
    times = []
    for _ in range(5):
        started = time.perf_counter()
        torch.autograd.gradcheck(torch.matmul, factors)
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    """Measure, print."""
    torch.set_num_threads(1)
    measured = {exercise.slug: measure(exercise, int(sys.argv[1])) for exercise in course().exercises}
    result = {
        "costs": {slug: costs for slug, (costs, _) in measured.items()},
        "checks": sum(count for _, count in measured.values()),
        "gradcheck_s": warm_gradcheck_s(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
