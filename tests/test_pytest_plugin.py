"""The plugin with which an author runs a suite in one process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOY = ROOT / "tests" / "courses" / "feedback" / "solutions" / "01_all" / "toy"


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A copy of an exercise, away from this project's own pytest settings."""
    return Path(shutil.copytree(TOY, tmp_path / "solutions" / "01_all" / "toy"))


def run(*args: str) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", os.devnull, *args],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_suite_runs_against_its_reference_solution_with_a_seed_that_repeats_it(toy: Path) -> None:
    code, text = run(str(toy), "--suite-seed", "12")
    assert code == 0, text
    assert "suite seed: 12" in text
    assert "17 passed" in text


def test_another_submission_is_tested_with_full_assertion_output(toy: Path, tmp_path: Path) -> None:
    source = (toy / "toy.py").read_text()
    (tmp_path / "mine.py").write_text(source.replace("return 2 * x\n", "return 3 * x\n", 1))
    code, text = run(str(toy), "--submission", str(tmp_path / "mine.py"))
    assert code == 1
    assert "The double has wrong values." in text
    assert "1 skipped" in text


def test_a_submission_that_is_not_there_is_one_clear_line(toy: Path, tmp_path: Path) -> None:
    code, text = run(str(toy), "--submission", str(tmp_path / "none.py"))
    assert code != 0
    assert "no such submission" in text


@pytest.mark.parametrize("available", [True, False])
def test_pretend_imports_the_submission_anew_with_that_answer(tmp_path: Path, available: bool) -> None:
    folder = tmp_path / "solutions" / "c" / "where"
    folder.mkdir(parents=True)
    (folder / "exercise.toml").write_text('title = "Where"\n')
    (folder / "where.py").write_text(
        "import torch\nTHERE = torch.cuda.is_available()\ndef now(): return torch.cuda.is_available()\n"
    )
    (folder / "test_where.py").write_text(
        "import pytest, torch\n"
        "REAL = torch.cuda.is_available()\n"
        f"@pytest.mark.pretend(cuda={available})\n"
        "def test_pretended(submission):\n"
        f"    assert submission.THERE is submission.now() is {available}\n"
        "def test_real(submission):\n"
        "    assert submission.now() is REAL is torch.cuda.is_available()\n"
    )
    code, text = run(str(folder))
    assert code == 0, text
