"""The pytest plugin that makes a test file a suite: the `submission` fixture, the markers, the seeds.

It serves two ways of running the same suite. `pytest solutions/` runs it in this process against the
reference solution (or `--submission FILE`), with pdb and full assertion output, for the author. The judge runs
it against a worker, by putting its own `Submissions` on the config. Neither imports torch before a suite does.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pytest

from grader import seeds

METADATA_FILE = "exercise.toml"


class Submissions(Protocol):
    """Where the `submission` fixture gets its value from."""

    def open(self, item: pytest.Item, *, cuda: bool | None) -> Any:
        """The submission for a check; `cuda` is what its `pretend` marker asks for, if it has one."""

    def close(self, item: pytest.Item) -> None:
        """Called when the check is over."""


submissions_key = pytest.StashKey[Submissions]()
seed_key = pytest.StashKey[int]()
passed_key = pytest.StashKey[set[tuple[Path, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("grader", "suites of a course")
    group.addoption("--submission", metavar="FILE", help="run a suite against FILE, not the reference solution")
    group.addoption("--suite-seed", type=int, metavar="N", help="repeat the random inputs of the run with seed N")


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "points(n): what the check is worth (1 when absent)",
        "depends(*names): skip the check unless the named checks of the same suite passed",
        "hint(text): one hint for a student whose submission fails the check",
        "pretend(cuda): run the check with a fresh import of the submission, told that CUDA is or is not there",
    ):
        config.addinivalue_line("markers", line)
    chosen = config.getoption("--suite-seed")
    config.stash[seed_key] = seeds.fresh() if chosen is None else chosen
    config.stash[passed_key] = set()
    if submissions_key not in config.stash:
        config.stash[submissions_key] = InProcess(config.getoption("--submission"))


def pytest_report_header(config: pytest.Config) -> str:
    return f"suite seed: {config.stash[seed_key]}"


def is_check(item: pytest.Item) -> bool:
    """Whether an item is a check: a test that stands beside the metadata of an exercise."""
    return (item.path.parent / METADATA_FILE).is_file()


def slug_of(item: pytest.Item) -> str:
    """The slug of the exercise that a check belongs to."""
    return item.path.parent.name


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    passed = item.config.stash[passed_key]
    for name in dependencies(item):
        if (item.path, name) not in passed:
            pytest.skip(f"{name} did not pass")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call" and report.passed:
        item.config.stash[passed_key].add((item.path, item.name))
    return report


def dependencies(item: pytest.Item) -> list[str]:
    """The names of the checks that an item depends on."""
    return [str(name) for mark in item.iter_markers("depends") for name in mark.args]


def pretended_cuda(item: pytest.Item) -> bool | None:
    """What the `pretend` marker of an item says about CUDA, or None without one."""
    mark = item.get_closest_marker("pretend")
    return None if mark is None else bool(mark.kwargs["cuda"])


@pytest.fixture
def submission(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The submission under test: its module, or a proxy of it in another process."""
    item = request.node
    source = request.config.stash[submissions_key]
    try:
        yield source.open(item, cuda=pretended_cuda(item))
    finally:
        source.close(item)


@pytest.fixture(autouse=True)
def _seeded(request: pytest.FixtureRequest) -> None:
    item = request.node
    if isinstance(item, pytest.Function) and "submission" in item.fixturenames:
        seeds.seed_everything(seeds.judge_seed(request.config.stash[seed_key], slug_of(item), item.name))


class InProcess:
    """Submissions imported into this very process: for authors, who trust what they run."""

    def __init__(self, file: str | None) -> None:
        self._file = Path(file).resolve() if file else None
        self._modules: dict[Path, ModuleType] = {}
        self._patch: pytest.MonkeyPatch | None = None

    def open(self, item: pytest.Item, *, cuda: bool | None) -> ModuleType:
        path = self._file or item.path.with_name(f"{slug_of(item)}.py")
        if not path.is_file():
            raise pytest.UsageError(f"{path}: no such submission")
        if cuda is not None:
            self._patch = pytest.MonkeyPatch()
            pretend_cuda(self._patch.setattr, cuda)
            return _import(path)
        if path not in self._modules:
            self._modules[path] = _import(path)
        return self._modules[path]

    def close(self, item: pytest.Item) -> None:
        if self._patch is not None:
            self._patch.undo()
            self._patch = None


def pretend_cuda(set_attribute: Any, available: bool) -> None:
    """Make torch answer as if CUDA were there or not, through `set_attribute(object, name, value)`."""
    import torch

    count = 1 if available else 0
    set_attribute(torch.cuda, "is_available", lambda: available)
    set_attribute(torch.cuda, "device_count", lambda: count)
    set_attribute(torch.cuda, "current_device", lambda: 0)


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A submission that looks itself up (dataclasses, pickle) finds itself, as it will in a worker.
    earlier = sys.modules.get(spec.name)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        if earlier is None:
            del sys.modules[spec.name]
        else:
            sys.modules[spec.name] = earlier
    return module
