"""The probes once more, as an ordinary user: most people who grade are no root."""

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


@pytest.mark.timeout(900)
def test_all_probes_pass_as_an_ordinary_user_too() -> None:
    done = run_as_user([*_PYTEST, "tests/sandbox/test_probes.py"], timeout_s=800, environment={NO_SKIPS: "1"})
    assert done.returncode == 0, done.stdout[-20_000:]
    assert re.search(r"^\d{3,} passed in ", done.stdout, re.MULTILINE), done.stdout[-2000:]
