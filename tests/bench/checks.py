"""A check of this course's suites by name: what the test files and test cells of other graders call.

It is imported in their processes, beside the student's code, and so has nothing that costs start-up.
"""

from __future__ import annotations

import importlib.util
import unittest.mock
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from grader import seeds
from grader.pytest_plugin import pretend_cuda

SEED = 1
_passed: set[tuple[str, str]] = set()


@dataclass(frozen=True)
class Check:
    """One function of a suite, and what it is worth."""

    suite: str
    name: str
    points: float

    @property
    def slug(self) -> str:
        """The exercise that it belongs to."""
        return Path(self.suite).parent.name

    def call(self, names: str) -> str:
        """The code that runs it, with the student's names from the expression `names`; after `IMPORT`."""
        return f"check({self.suite!r}, {self.name!r}, {names})"


IMPORT = f"from {__name__} import check"


def checks_of(suite: str) -> list[Check]:
    """The checks of the suite at that path, in order."""
    names = [name for name in vars(_load(suite)) if name.startswith("test_")]
    return [Check(suite, name, _marks(_function(suite, name)).get("points", (1,))[0]) for name in names]


def check(suite: str, name: str, names: Mapping[str, Any]) -> None:
    """Run a check against a student's names; raises what it raises, and AssertionError where one before it failed."""
    function = _function(suite, name)
    marks = _marks(function)
    for other in marks.get("depends", ()):
        assert (suite, other) in _passed, f"{other} did not pass"
    seeds.seed_everything(seeds.judge_seed(SEED, suite, name))
    with ExitStack() as stack:
        if "pretend" in marks:
            pretend_cuda(lambda *what: stack.enter_context(unittest.mock.patch.object(*what)), marks["pretend"][0])
        try:
            function(SimpleNamespace(**names))
        except pytest.fail.Exception as error:  # no Exception, and so more than otter expects of a check
            raise AssertionError(str(error)) from error
    _passed.add((suite, name))


def _function(suite: str, name: str) -> Callable[..., None]:
    function: Callable[..., None] = getattr(_load(suite), name)
    return function


def _marks(function: Callable[..., None]) -> dict[str, tuple[Any, ...]]:
    return {mark.name: (*mark.args, *mark.kwargs.values()) for mark in getattr(function, "pytestmark", ())}


@cache
def _load(suite: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(suite).stem, suite)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
