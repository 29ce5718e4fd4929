"""`grade batch`, `regrade`, `adjust` and `audit` as an instructor calls them, with real judges."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from grader import cli
from grader.classroom import CellState, Row
from grader.gradebook import Gradebook
from tests import processes

ROOT = Path(__file__).resolve().parent.parent
GOOD = ROOT / "tests" / "courses" / "good"
SOLVED = "def {0}(x):\n    return 2 * x\n"
WRONG = "def {0}(x):\n    return 3 * x\n"
LOOP = "def zeta(x):\n    while True:\n        pass\n"
CRASH = "import os\n\n\ndef {0}(x):\n    os._exit(3)\n"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return shutil.copytree(GOOD, tmp_path / "course")


@pytest.fixture
def hand_ins(tmp_path: Path) -> Path:
    folder = tmp_path / "hand-ins"
    for student, files in {
        "ada": {"beta": SOLVED, "zeta": SOLVED, "alpha": SOLVED, "delta": SOLVED},
        "ben": {"beta": WRONG, "zeta": SOLVED},
        "cem": {"beta": SOLVED, "zeta": CRASH, "notes": "x = 1\n"},
    }.items():
        for slug, text in files.items():
            (folder / student).mkdir(parents=True, exist_ok=True)
            (folder / student / f"{slug}.py").write_text(text.format(slug))
    (folder / "dee").mkdir()
    return folder


def call(*args: object) -> Result:
    result = CliRunner().invoke(cli.main, [str(arg) for arg in args], env={"COLUMNS": "120"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def rows(out: Path) -> dict[str, Row]:
    with Gradebook.open(out, read_only=True) as book:
        return {row.student.name or row.student.key: row for row in book.rows()}


def points(out: Path) -> dict[str, dict[str, float | None]]:
    return {name: {cell.slug: cell.points for cell in row.cells} for name, row in rows(out).items()}


def batch(hand_ins: Path, out: Path, course: Path, *more: object) -> Result:
    return call("batch", hand_ins, "--out", out, "--course", course, *more)


def test_a_class_is_graded_once_and_never_again(hand_ins: Path, tmp_path: Path, course: Path) -> None:
    out = tmp_path / "out"
    first = batch(hand_ins, out, course)
    assert first.exit_code == 0, first.output
    assert "a folder for each student, 4 students; 8 new files" in first.output
    assert "cem/notes.py: no exercise is called notes" in first.output
    # Ada's and Cem's beta are the same file, and so are Ada's and Ben's zeta.
    assert "Graded 6 different files: 4 with full marks, 2 without." in first.output
    assert points(out) == {
        "ada": {"zeta": 1, "beta": 1, "delta": 1, "alpha": 1},
        "ben": {"zeta": 1, "beta": 0, "delta": 0, "alpha": 0},
        "cem": {"zeta": 0, "beta": 1, "delta": 0, "alpha": 0},
        "dee": {"zeta": 0, "beta": 0, "delta": 0, "alpha": 0},
    }
    assert {cell.state for cell in rows(out)["dee"].cells} == {CellState.MISSING}
    assert (out / "index.html").is_file()
    assert len(list((out / "reports").iterdir())) == 4
    again = batch(hand_ins, out, course)
    assert again.exit_code == 0, again.output
    assert "0 new files, 8 known already" in again.output
    assert "Nothing new to grade." in again.output


def test_a_changed_exercise_is_graded_again_only_when_that_is_accepted(
    hand_ins: Path, tmp_path: Path, course: Path
) -> None:
    out = tmp_path / "out"
    assert batch(hand_ins, out, course).exit_code == 0
    adjusted = call("adjust", "BEN", "beta", "0.5", "--why", "shown at the board", "--gradebook", out, "--who", "tutor")
    assert adjusted.exit_code == 0, adjusted.output
    assert "ben, beta: 0.5 of 1 point from now on" in adjusted.output

    beta = course / "solutions" / "01_first" / "beta"
    for file, old, new in ((beta / "test_beta.py", "== 6", "== 9"), (beta / "beta.py", "2 * x", "3 * x")):
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
    again = batch(hand_ins, out, course)
    assert "beta: 3 grades from before a change of the exercise, the grader, Python or torch" in again.output
    assert points(out)["ada"]["beta"] == 1

    shown = call("regrade", "--gradebook", out, "--course", course, "--json", tmp_path / "changes.json")
    assert shown.exit_code == 1, shown.output
    assert "beta: 3 grades from before the change" in shown.output
    assert "twice as much: passed -> failed" in shown.output
    assert "- beta: 1 -> 0 of 1 point, 2 attempts: ada, cem" in shown.output
    assert "ben (adjusted to 0.5 by hand, which stays)" in shown.output
    assert "1 score up, 2 down, 0 the same." in shown.output
    assert "Nothing counts yet." in shown.output
    assert (tmp_path / "changes.json").stat().st_size > 100
    assert points(out)["ada"]["beta"] == 1

    accepted = call("regrade", "--gradebook", out, "--course", course, "--accept", "--who", "tutor")
    assert accepted.exit_code == 0, accepted.output
    assert "Accepted: 3 grades" in accepted.output
    assert {name: row["beta"] for name, row in points(out).items()} == {"ada": 0, "ben": 0.5, "cem": 0, "dee": 0}
    undone = call("adjust", "ben", "beta", "--undo", "--why", "a mistake", "--gradebook", out)
    assert undone.exit_code == 0, undone.output
    assert points(out)["ben"]["beta"] == 1
    assert "Class page: " in undone.output
    beside = call("adjust", "ben", "beta", "1", "--why", "x", "--gradebook", out / "gradebook.sqlite")
    assert "Class page: " in beside.output
    trail = call("audit", "--gradebook", out).output
    assert "tutor  adjusted  " in trail
    assert "shown at the board" in trail
    assert "tutor  accepted" in trail
    assert call("regrade", "--gradebook", out, "--course", course).output.startswith("Nothing to do")


def test_ctrl_c_keeps_what_was_graded_and_the_same_command_goes_on(tmp_path: Path, course: Path) -> None:
    hand_ins, out = tmp_path / "hand-ins", tmp_path / "out"
    for number in range(6):
        folder = hand_ins / f"student{number}"
        folder.mkdir(parents=True)
        (folder / "beta.py").write_text(f"# {number}\n" + SOLVED.format("beta"))
        (folder / "zeta.py").write_text(f"# {number}\n" + LOOP)
    process = start(hand_ins, out, course, tmp_path)
    graded = wait_for_rows(out, 2, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "graded and kept; the same command goes on from there." in errors
    assert count_rows(out) >= graded
    assert not processes.left_after(tmp_path)
    assert batch(hand_ins, out, course).exit_code == 0
    assert {(row["beta"], row["zeta"]) for row in points(out).values()} == {(1, 0)}


def start(hand_ins: Path, out: Path, course: Path, folder: Path) -> subprocess.Popen[str]:
    """The command as a process of its own; what it leaves behind is known by `folder`."""
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "grader",
            "batch",
            str(hand_ins),
            "--out",
            str(out),
            "--course",
            str(course),
            "--no-reports",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def count_rows(out: Path) -> int:
    """How many results are in the gradebook now; 0 while there is none."""
    try:
        with sqlite3.connect(f"file:{out / 'gradebook.sqlite'}?mode=ro", uri=True, timeout=10) as connection:
            return int(connection.execute("select count(*) from results").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def wait_for_rows(out: Path, wanted: int, process: subprocess.Popen[str]) -> int:
    """Wait until so many results are there, or the process has ended."""
    while (found := count_rows(out)) < wanted and process.poll() is None:
        with_patience(process)
    return found


def with_patience(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(0.01)
    except subprocess.TimeoutExpired:
        return


@pytest.mark.timeout(600)
def test_killed_twenty_times_it_ends_with_the_gradebook_of_an_undisturbed_run(tmp_path: Path, course: Path) -> None:
    """kill -9 at random points: while it starts, reads, grades and stores."""
    chance = random.Random(20)  # noqa: S311  the same points each time
    hand_ins = tmp_path / "hand-ins"
    answers = [SOLVED, WRONG, CRASH, "def {0}(x):\n    return None\n", "def {0}(x:\n"]
    for number in range(30):
        folder = hand_ins / f"student{number:02}"
        folder.mkdir(parents=True)
        for slug in ("alpha", "beta", "delta", "zeta"):
            (folder / f"{slug}.py").write_text(f"# {number}\n" + chance.choice(answers).format(slug))
    calm, disturbed = tmp_path / "calm", tmp_path / "disturbed"
    assert batch(hand_ins, calm, course, "--seed", 5, "--no-reports").exit_code == 0
    with Gradebook.open(tmp_path / "disturbed.sqlite", create=True, seed=5):
        pass
    disturbed.mkdir()
    (tmp_path / "disturbed.sqlite").rename(disturbed / "gradebook.sqlite")
    kept = 0
    for kill in range(20):
        process = start(hand_ins, disturbed, course, tmp_path)
        if kill % 3 == 0:  # at any moment; otherwise in the middle of grading
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.2, 3.0))
        else:
            wait_for_rows(disturbed, min(kept + chance.randint(1, 8), 119), process)
        acknowledged = count_rows(disturbed)
        process.kill()
        process.communicate()
        kept = count_rows(disturbed)
        assert kept >= acknowledged
    assert not processes.left_after(tmp_path)
    end = batch(hand_ins, disturbed, course, "--no-reports")
    assert end.exit_code == 0, end.output
    assert table(disturbed) == table(calm)


def table(out: Path) -> list[object]:
    """All that a gradebook says about a class but times and places."""
    with Gradebook.open(out, read_only=True) as book:
        return [
            (
                row.student.key,
                row.total,
                cell.slug,
                cell.state,
                cell.points,
                [(one.attempt, one.file, one.sha256, one.status, one.score, one.diagnoses) for one in cell.attempts],
                [_checks(book, one.key) for one in cell.attempts],
            )
            for row in book.rows()
            for cell in row.cells
        ]


def _checks(book: Gradebook, key: str) -> object:
    graded = book.result(key)
    assert graded is not None
    return [(check.id, check.outcome, check.score, check.message) for check in graded.result.checks]


def test_only_one_grades_into_a_gradebook_at_a_time(hand_ins: Path, tmp_path: Path, course: Path) -> None:
    out = tmp_path / "out"
    with Gradebook.open(_made(out), create=True):
        second = batch(hand_ins, out, course)
    assert second.exit_code == 2
    assert str(os.getpid()) in second.output
    assert len(second.output.splitlines()) == 1


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("{tmp}/nothing", "--out", "{tmp}/out"), "does not exist"),
        (("{tmp}/hand-ins/ada/beta.py", "--out", "{tmp}/out"), "is neither a folder nor a .zip"),
        (("{tmp}/course", "--out", "{tmp}/out"), "is, or holds, the course itself"),
        (("{tmp}/hand-ins", "--out", "{tmp}/hand-ins/out"), "would be read as a student's work"),
        (("{tmp}/hand-ins", "--out", "{tmp}/out", "--scheduler", "tcp://x:1"), "start it with TLS"),
        (("{tmp}/hand-ins", "--out", "{tmp}/hand-ins/ada/beta.py"), "is a file; name a folder"),
        (("{tmp}/hand-ins", "--out", "{tmp}/out", "--exercise", "bet"), "did you mean beta?"),
        (("{tmp}/hand-ins/dee", "--out", "{tmp}/out"), "holds no files"),
        (("{tmp}/hand-ins", "--out", "{tmp}/out", "--gradebook", "mysql://x/y"), "postgresql://"),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[str, ...], line: str, hand_ins: Path, tmp_path: Path, course: Path
) -> None:
    assert hand_ins == tmp_path / "hand-ins"
    result = call("batch", *(one.format(tmp=tmp_path) for one in arguments), "--course", course)
    assert result.exit_code == 2, result.output
    said = result.output.strip().splitlines()
    assert line in said[-1], said
    if "holds no files" not in line:  # that is seen when it is read
        assert not (tmp_path / "out" / "gradebook.sqlite").exists()


def test_only_what_this_download_left_over_is_told(hand_ins: Path, tmp_path: Path, course: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    first = batch(hand_ins, out, course, "--no-reports")
    assert "1 of nobody or for no exercise:\n" in first.output
    for name in ("eve", "fay"):
        (other / name).mkdir(parents=True)
        (other / name / "draft.py").write_text("x = 1\n")
    second = batch(other, out, course, "--no-reports")
    assert "eve/draft.py" in second.output
    assert "notes.py" not in second.output
    assert "No file in it is for an exercise of this course, such as" in second.output


def test_a_check_that_fails_by_itself_is_named_and_changes_no_grade(
    hand_ins: Path, tmp_path: Path, course: Path
) -> None:
    out = tmp_path / "out"
    assert batch(hand_ins, out, course, "--no-reports").exit_code == 0
    suite = course / "solutions" / "01_first" / "beta" / "test_beta.py"
    suite.write_text(suite.read_text().replace("== 6", "== 9"))  # which the reference solution fails too
    shown = call("regrade", "--gradebook", out, "--course", course)
    assert shown.exit_code == 3, shown.output
    assert 'beta: the check "' in shown.output
    assert "failed by itself on 1 file; grade check beta says why" in shown.output
    assert "1 score up, 0 down, 0 the same." in shown.output
    assert "2 grades could not be made again by a fault of ours, and will stay as before." in shown.output
    accepted = call("regrade", "--gradebook", out, "--course", course, "--accept")
    assert accepted.exit_code == 3
    assert "Accepted: 1 grade now" in accepted.output
    assert points(out)["ada"]["beta"] == 1


def test_a_gradebook_keeps_its_seed(hand_ins: Path, tmp_path: Path, course: Path) -> None:
    assert batch(hand_ins, tmp_path / "out", course, "--seed", 7, "--no-reports").exit_code == 0
    other = batch(hand_ins, tmp_path / "out", course, "--seed", 8)
    assert other.exit_code == 2
    assert "was begun with the seed 7" in other.output


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("nobody", "beta", "1", "--why", "x"), "no student has the name, e-mail address or id 'nobody'"),
        (("aad", "beta", "1", "--why", "x"), "did you mean ada"),
        (("ada", "gamma", "1", "--why", "x"), "no exercise of this gradebook is called 'gamma'"),
        (("ada", "beta", "2", "--why", "x"), "2 is not between 0 and 1, what beta is worth"),
        (("ada", "beta", "1"), "say --why"),
        (("ada", "beta", "--why", "x"), "say POINTS, or --undo"),
        (("ada", "beta", "nan", "--why", "x"), "POINTS must be a number"),
        (("ada", "beta", "--undo", "--why", "x"), "no adjustment"),
    ],
)
def test_an_adjustment_that_cannot_be_is_one_line(
    arguments: tuple[str, ...], line: str, hand_ins: Path, tmp_path: Path, course: Path, graded_class: Path
) -> None:
    result = call("adjust", *arguments, "--gradebook", graded_class)
    assert result.exit_code == 2
    assert line in result.output
    assert len(result.output.splitlines()) == 1


@pytest.fixture(scope="module")
def graded_class(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    (folder / "hand-ins" / "ada").mkdir(parents=True)
    (folder / "hand-ins" / "ada" / "beta.py").write_text(SOLVED.format("beta"))
    assert batch(folder / "hand-ins", folder / "out", GOOD, "--no-reports").exit_code == 0
    return folder / "out"
