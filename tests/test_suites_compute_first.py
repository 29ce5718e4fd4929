"""The suites alone earn an overwriting submission nothing.

Across the wire the judge notices that a submission changed tensors of the suite and asks again. In one process there
is nothing of the kind: what the suites expect has to be computed before the submission can reach it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.course_files import course

HERE = Path(__file__).parent
FILES = sorted((HERE / "attacks").glob("overwrites_*.py"))


def field(path: Path, name: str) -> list[str]:
    """The words after `name:` in the docstring of an attack."""
    found = re.search(rf"^{name}: (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return found[1].split() if found else []


@pytest.fixture(scope="module")
def passed() -> dict[Path, set[str]]:
    """The checks that each file passes, in one process."""
    pairs = []
    for path in FILES:
        exercise = course().get(field(path, "exercise")[0])
        assert exercise is not None, path.name
        pairs.append([str(exercise.suite), str(path)])
    run = subprocess.run(
        [sys.executable, str(HERE / "run_in_process.py"), "20"],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        check=True,
    )
    outcomes = json.loads(run.stdout.splitlines()[-1])
    return {
        path: {name for name, outcome in found.items() if outcome == "passed"}
        for path, found in zip(FILES, outcomes, strict=True)
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_overwriting_submission_passes_what_it_does_honestly(path: Path, passed: dict[Path, set[str]]) -> None:
    assert passed[path] == set(field(path, "keeps"))


def test_every_exercise_has_such_a_submission() -> None:
    assert {field(path, "exercise")[0] for path in FILES} == set(course().slugs)
