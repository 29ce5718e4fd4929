"""Notebooks among the files that are handed in, and on the command line."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from grader import engine, progress, submission
from grader.cli import main
from grader.commands import watch
from grader.course import Course
from grader.engine import Job
from grader.model import CheckResult, ExerciseResult, Frame, Outcome, Status, SubmissionFile
from grader.submission import find, read_notebook, stubs_of, submissions_in
from tests import fakes
from tests.fakes import FakeEngine
from tests.notebooks.files import code, notebook

COURSES = Path(__file__).parents[1] / "courses"
GOOD = COURSES / "good"
BETA = "def beta(x):\n    return 2 * x"
IT = fakes.check(Outcome.NOT_IMPLEMENTED)
ZETA = "def zeta(x):\n    return 2 * x"


@pytest.fixture
def course() -> Course:
    return Course.load(GOOD)


def put(path: Path, *cells: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(notebook(*cells))
    return path


# Finding


def test_a_notebook_of_any_name_is_taken_for_what_it_answers(course: Course, tmp_path: Path) -> None:
    path = put(tmp_path / "week 1" / "Homework 1.ipynb", BETA, "plot()", ZETA)
    for start in (tmp_path, path):
        found = find(course, [start])
        assert (found.problems, found.unmatched) == ((), ())
        assert [one.slug for one in found.submissions] == ["beta", "zeta"]
        for one in found.submissions:
            assert (one.file, one.path, one.problem) == ("Homework 1.ipynb", path, "")
            assert one.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
            assert one.source is not None
            assert f"def {one.slug}" in one.source
            assert one.cells is not None


def test_a_notebook_and_a_file_for_one_exercise_are_both_left_alone(course: Course, tmp_path: Path) -> None:
    put(tmp_path / "hw.ipynb", BETA, ZETA)
    (tmp_path / "beta.py").write_text(BETA)
    found = find(course, [tmp_path])
    assert [one.slug for one in found.submissions] == ["zeta"]
    assert found.problems == (
        f"beta: 2 files for it ({tmp_path}/beta.py, {tmp_path}/hw.ipynb), so none is graded; name the one you mean",
    )


def test_two_notebooks_for_one_exercise_are_both_left_alone(course: Course, tmp_path: Path) -> None:
    put(tmp_path / "hw.ipynb", BETA)
    put(tmp_path / "hw-Copy1.ipynb", BETA)
    found = find(course, [tmp_path])
    assert found.submissions == ()
    assert "beta: 2 files for it" in found.problems[0]


def test_only_the_exercises_asked_for_are_taken_from_a_notebook(course: Course, tmp_path: Path) -> None:
    path = put(tmp_path / "hw.ipynb", BETA, ZETA)
    assert [one.slug for one in find(course, [path], ["zeta"]).submissions] == ["zeta"]
    assert find(course, [path], ["alpha", "delta"]).problems == (
        f"{path} answers none of the exercises asked for with --exercise",
    )


def test_a_notebook_without_an_answer_is_said_if_it_was_named(course: Course, tmp_path: Path) -> None:
    path = put(tmp_path / "notes.ipynb", "x = 1")
    assert find(course, [path]).problems == (
        f"{path} answers no exercise of this course: no cell defines what one asks for, and none has a tag "
        "such as exercise:beta",
    )
    found = find(course, [tmp_path])
    assert (found.submissions, found.problems, found.unmatched) == ((), (), (path,))


@pytest.mark.parametrize("only", [[], ["beta"]])
def test_a_notebook_that_is_meant_for_an_exercise_is_one_even_without_an_answer(
    course: Course, tmp_path: Path, only: list[str]
) -> None:
    path = put(tmp_path / ("work.ipynb" if only else "beta.ipynb"), "x = 1")
    (one,) = find(course, [path], only).submissions
    assert (one.slug, one.source, one.problem) == ("beta", None, f"{path.name} has no cell that defines beta")


def test_a_damaged_notebook_is_one_line_and_the_others_are_read(course: Course, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(b"{")
    (tmp_path / "zeta.ipynb").write_bytes(b"[]")
    put(tmp_path / "hw.ipynb", BETA)
    found = find(course, [tmp_path])
    assert found.problems == (
        f"{tmp_path}/a.ipynb is not JSON, so it is no notebook; open it in Jupyter and save it again",
    )
    assert [(one.slug, one.problem) for one in found.submissions] == [
        ("beta", ""),
        ("zeta", "zeta.ipynb is JSON, but no notebook; open it in Jupyter and save it again"),
    ]


def test_a_huge_notebook_is_not_read(course: Course, tmp_path: Path) -> None:
    path = tmp_path / "beta.ipynb"
    with path.open("wb") as file:
        file.truncate(40 * 1024 * 1024)
    (one,) = find(course, [path]).submissions
    assert one.problem == (
        "beta.ipynb has 40 MiB; the most is 32 MiB for a notebook; clear the outputs of the notebook and save it"
    )


def test_a_linked_notebook_in_a_folder_is_not_followed(course: Course, tmp_path: Path) -> None:
    put(tmp_path / "real.ipynb", BETA)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "hw.ipynb").symlink_to(tmp_path / "real.ipynb")
    found = find(course, [tmp_path / "in"])
    assert found.submissions == ()
    assert found.problems == (f"{tmp_path}/in/hw.ipynb is a link and is not followed; put the file itself there",)
    assert find(course, [tmp_path / "in" / "hw.ipynb"]).submissions


def test_a_search_reads_a_bounded_number_of_notebooks(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "NOTEBOOKS_MAX", 2)
    for number in range(4):
        put(tmp_path / f"{number}.ipynb", "x = 1")
    found = find(course, [tmp_path])
    assert len(found.unmatched) == 2
    assert found.problems == ("more than 2 notebooks, so the rest is not read; name a smaller folder",)


def test_a_notebook_of_a_broken_exercise_is_said_to_be_blocked(tmp_path: Path) -> None:
    path = put(tmp_path / "typo.ipynb", "x = 1")
    found = find(Course.load(COURSES / "broken"), [path])
    assert found.blocked == ("typo",)


def test_saved_checkpoints_are_passed_over(course: Course, tmp_path: Path) -> None:
    put(tmp_path / ".ipynb_checkpoints" / "hw-checkpoint.ipynb", BETA)
    put(tmp_path / "hw.ipynb", BETA)
    assert len(find(course, [tmp_path]).submissions) == 1


# What counts as the same work


def test_outputs_and_other_exercises_do_not_change_the_content(course: Course) -> None:
    stubs = stubs_of(course, ["beta", "zeta"])

    def beta(*cells: str | dict[str, object]) -> submission.Submission:
        found = submissions_in(notebook(*cells), Path("hw.ipynb"), stubs)
        assert isinstance(found, tuple)
        return found[0]

    first = beta(BETA, ZETA)
    again = beta(code(BETA) | {"outputs": [], "execution_count": 9}, ZETA.replace("2", "3"), "print(1)")
    assert first.sha256 != again.sha256
    assert first.content_sha256 == again.content_sha256 != first.sha256
    assert beta(BETA.replace("2", "3"), ZETA).content_sha256 != first.content_sha256


def test_the_content_of_a_python_file_is_its_bytes(course: Course, tmp_path: Path) -> None:
    (tmp_path / "beta.py").write_text(BETA)
    (one,) = find(course, [tmp_path]).submissions
    assert one.content_sha256 == one.sha256


def test_a_stub_that_cannot_be_read_is_as_good_as_empty(course: Course, tmp_path: Path) -> None:
    assert list(stubs_of(course, {"delta", "beta"})) == ["beta", "delta"]
    path = put(tmp_path / "hw.ipynb", BETA)
    assert read_notebook(path, {"beta": ""}) == ()


# The command line


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def graded(job: Job) -> ExerciseResult:
        at = next((n for n, line in enumerate((job.source or "").split("\n"), 1) if "return" in line), 0)
        frame = Frame(file=job.file, line=at, function="f", first_line=at, excerpt=("return",))
        check = CheckResult(
            id="test_it",
            title="it",
            outcome=Outcome.NOT_IMPLEMENTED,
            score=0,
            max_score=1,
            message=f"Not implemented yet (line {at}).",
            frames=(frame,),
        )
        made = fakes.exercise(job.slug, Status.FAILED, check, problem=job.problem)
        return msgspec.structs.replace(made, submission=SubmissionFile(file=job.file, sha256=job.sha256))

    monkeypatch.setattr(engine, "Engine", FakeEngine)
    monkeypatch.setattr(FakeEngine, "calls", [])
    monkeypatch.setattr(fakes, "graded", graded)
    monkeypatch.setattr(progress, "folder", lambda: tmp_path / "state")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def grade(*args: str) -> Result:
    return CliRunner().invoke(main, [*args, "--course", str(GOOD)])


@pytest.mark.usefixtures("fake")
def test_a_graded_notebook_is_told_by_cell_and_line() -> None:
    put(Path("hw.ipynb"), "print()", BETA)
    result = grade("hw.ipynb", "--json", "result.json")
    assert "Not implemented yet (cell 2, line 2)." in result.stdout
    made = json.loads(Path("result.json").read_text())
    frame = made["exercises"][0]["checks"][0]["frames"][0]
    assert (frame["file"], frame["line"], frame["first_line"]) == ("hw.ipynb, cell 2", 2, 2)
    assert made["exercises"][0]["submission"]["file"] == "hw.ipynb"
    page = Path("report.html").read_text()
    assert "<code>hw.ipynb, cell 2</code>, line 2" in page


@pytest.mark.usefixtures("fake")
def test_the_statement_of_a_notebook_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakes, "graded", lambda job: fakes.exercise(job.slug, Status.NOT_ATTEMPTED, IT))
    put(Path("hw.ipynb"), BETA)
    assert "Next: beta. Its statement is in hw.ipynb." in grade("hw.ipynb").stdout


@pytest.mark.usefixtures("fake")
def test_watching_grades_only_the_exercise_whose_cells_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    def changes(paths: Sequence[Path]) -> Iterator[None]:
        put(Path("hw.ipynb"), BETA, ZETA, "print('another output')")
        yield
        put(Path("hw.ipynb"), BETA, ZETA.replace("2", "3"))
        yield

    monkeypatch.setattr(watch, "changes", changes)
    monkeypatch.setattr(watch, "require", lambda: None)
    put(Path("hw.ipynb"), BETA, ZETA)
    grade("hw.ipynb", "--watch")
    assert FakeEngine.calls == [["beta", "zeta"], ["zeta"]]


def test_saving_a_notebook_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    watchfiles = pytest.importorskip("watchfiles")
    filters: list[Callable[[object, str], bool]] = []

    def watched(*_folders: Path, watch_filter: Callable[[object, str], bool], **_options: object) -> Iterator[set[str]]:
        filters.append(watch_filter)
        yield set()

    monkeypatch.setattr(watchfiles, "watch", watched)
    assert list(watch.changes([tmp_path])) == [None]
    change = watchfiles.Change.modified
    assert [filters[0](change, name) for name in ("/a/hw.ipynb", "/a/beta.py", "/a/x.txt")] == [True, True, False]


def test_nbformat_is_not_imported_unless_a_notebook_needs_it(tmp_path: Path) -> None:
    put(tmp_path / "hw.ipynb", BETA)
    program = (
        "import sys; from pathlib import Path; import grader.cli; from grader.course import Course;"
        "from grader.submission import find;"
        "assert 'grader.notebooks.read' not in sys.modules;"
        f"assert find(Course.load(Path({str(GOOD)!r})), [Path({str(tmp_path)!r})]).submissions;"
        "assert 'nbformat' not in sys.modules and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
