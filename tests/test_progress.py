"""What is remembered between runs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from grader import progress
from grader.model import ExerciseResult, Status, SubmissionFile

NOW = "2025-01-02T03:04:05+00:00"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(progress, "folder", lambda: tmp_path / "state")
    return tmp_path / "state"


def result(slug: str, score: float, status: Status = Status.FAILED, source: bytes = b"x") -> ExerciseResult:
    return ExerciseResult(
        slug=slug,
        title=slug,
        chapter="01",
        status=status,
        score=score,
        max_score=10.0,
        submission=SubmissionFile(file=f"{slug}.py", sha256=hashlib.sha256(source).hexdigest()),
    )


def test_results_add_up_over_runs(tmp_path: Path) -> None:
    progress.remember(tmp_path, {"a": result("a", 3.0)}, {"a": tmp_path / "a.py"}, NOW)
    progress.remember(tmp_path, {"b": result("b", 10.0, Status.PASSED)}, {}, NOW)
    progress.remember(tmp_path, {"a": result("a", 4.0)}, {"a": tmp_path / "a.py"}, NOW)
    earlier, problem = progress.load(tmp_path)
    assert problem == ""
    assert {slug: one.score for slug, one in earlier.exercises.items()} == {"a": 4.0, "b": 10.0}
    assert (earlier.exercises["a"].graded_at, earlier.exercises["a"].path) == (NOW, str(tmp_path / "a.py"))


def test_courses_are_kept_apart(tmp_path: Path) -> None:
    progress.remember(tmp_path, {"a": result("a", 3.0)}, {}, NOW)
    assert progress.load(tmp_path / "other")[0].exercises == {}


def test_a_result_that_is_our_fault_replaces_nothing(tmp_path: Path) -> None:
    progress.remember(tmp_path, {"a": result("a", 3.0)}, {}, NOW)
    progress.remember(tmp_path, {"a": result("a", 0.0, Status.UNGRADED)}, {}, NOW)
    assert progress.load(tmp_path)[0].exercises["a"].score == 3.0


def test_a_file_that_was_changed_since_is_stale(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x")
    progress.remember(tmp_path, {"a": result("a", 3.0, source=b"x")}, {"a": path}, NOW)
    one = progress.load(tmp_path)[0].exercises["a"]
    assert not one.is_stale()
    path.write_bytes(b"y")
    assert one.is_stale()
    path.unlink()
    assert not one.is_stale()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff", b'{"exercises": {"a": 3}}', b"[" * 100_000])
def test_a_damaged_file_is_one_line_and_is_replaced(tmp_path: Path, state: Path, damage: bytes) -> None:
    progress.remember(tmp_path, {"a": result("a", 3.0)}, {}, NOW)
    (file,) = (state / "courses").iterdir()
    file.write_bytes(damage)
    earlier, problem = progress.load(tmp_path)
    assert earlier.exercises == {}
    assert problem == f"{file}: earlier results are damaged and are left out; grade again"
    assert progress.remember(tmp_path, {"b": result("b", 3.0)}, {}, NOW) == ""
    assert progress.load(tmp_path)[1] == ""


def test_a_file_of_another_version_is_left_out(tmp_path: Path, state: Path) -> None:
    progress.remember(tmp_path, {"a": result("a", 3.0)}, {}, NOW)
    (file,) = (state / "courses").iterdir()
    file.write_bytes(file.read_bytes().replace(b'"version":1', b'"version":7'))
    assert "another version" in progress.load(tmp_path)[1]


def test_a_state_folder_that_cannot_be_written_is_one_line(tmp_path: Path, state: Path) -> None:
    state.write_text("a file where a folder should be")
    line = progress.remember(tmp_path, {"a": result("a", 3.0)}, {}, NOW)
    assert "the results can't be remembered for `grade list`" in line
    assert "can't be read" in progress.load(tmp_path)[1]
