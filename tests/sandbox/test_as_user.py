"""Probes and attacks once more, as an ordinary user: most people who grade are no root."""

from __future__ import annotations

import os
import re

import pytest

from tests.conftest import NO_SKIPS
from tests.sandbox.as_user import UID, run_as_user

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")

_PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]


def test_the_program_runs_as_the_user_and_finds_its_packages() -> None:
    code = (
        "import os, torch, grader, tempfile; print(os.getresuid(), os.getgroups(), tempfile.TemporaryFile().fileno())"
    )
    done = run_as_user(["-c", code])
    assert done.stdout.startswith(f"({UID}, {UID}, {UID}) [] "), done.stdout
    assert done.returncode == 0


# With everything, in a container that allows no namespaces, and bare. What is in between has been tried as root.
SOME_LEVELS = "(all and layers) or (without and bubblewrap) or nothing"


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("file", "which", "at_least"),
    [("tests/sandbox/test_probes.py", SOME_LEVELS, 300), ("tests/attacks/test_attacks.py", "sandbox", 130)],
    ids=["probes", "attacks"],
)
def test_what_holds_for_root_holds_for_an_ordinary_user(file: str, which: str, at_least: int) -> None:
    done = run_as_user([*_PYTEST, file, "-k", which], timeout_s=800, environment={NO_SKIPS: "1"})
    assert done.returncode == 0, done.stdout[-20_000:]
    passed = re.search(r"^(\d+) passed", done.stdout, re.MULTILINE)
    assert passed, done.stdout[-2000:]
    assert int(passed[1]) >= at_least
