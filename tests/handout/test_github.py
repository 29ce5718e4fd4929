"""GitHub Classroom: the points arrive as its reporter reads them, and no text of a student's is a command."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from grader.classroom import Adjustment, AttemptGrade, Cell, CellState, Column, Graded, HandIn, Row, Student
from grader.cli import main
from grader.gradebook import Gradebook
from grader.handout.errors import HandoutError
from grader.handout.github import PAYLOAD_MAX_BYTES, commands_stopped, dispatches, encode, workflows, write_outputs
from grader.model import Outcome, Status
from grader.policy import Policy
from grader.submission import Submission
from tests.handout import classroom_reader, small
from tests.handout.test_gradescope import HOSTILE, check, exercise


def test_the_reporter_adds_up_what_was_earned(tmp_path: Path) -> None:
    one = exercise("double", check("a", Outcome.PASSED), check("b", Outcome.FAILED, message="no"))
    two = exercise("cross_entropy", check("a", Outcome.PASSED, score=0.5, max_score=0.5))
    three = exercise("sum", status=Status.NOT_ATTEMPTED, max_score=10.0, problem="No file sum.py was handed in.")
    (tmp_path / "outputs").write_text("earlier=1\n")
    write_outputs(encode([one, two, three]), tmp_path / "outputs")
    values = classroom_reader.outputs((tmp_path / "outputs").read_text())
    assert values.pop("earlier") == "1"
    total, most, ending, results = classroom_reader.report(
        "double,cross_entropy,sum", classroom_reader.environment(values)
    )
    assert (total, most, ending) == (2.5, 14.5, "Some tests failed.")
    assert [test["name"] for test in results[0]["tests"]] == ["double: the promise of a", "double: the promise of b"]
    assert results[2]["tests"][0]["message"] == "No file sum.py was handed in."
    full = classroom_reader.report("cross_entropy", classroom_reader.environment(values))
    assert full[:3] == (0.5, 0.5, "")


def test_no_text_of_a_student_is_a_command_and_all_fits_into_an_event() -> None:
    bad = [
        check(f"c{n}", Outcome.FAILED, message=f"::notice title=Autograding report::{n}\r\n##[error]{HOSTILE}")
        for n in range(100)
    ]
    encoded = encode([exercise("double", *bad), exercise("half", *bad)])
    assert sum(map(len, encoded.values())) <= PAYLOAD_MAX_BYTES
    total, most, _, results = classroom_reader.report("double,half", classroom_reader.environment(encoded))
    assert (total, most) == (0.0, 400.0)
    few = classroom_reader.report("x", classroom_reader.environment({"x": encode([exercise("x", bad[0])])["x"]}))
    assert "Autograding report" in few[3][0]["tests"][0]["message"]
    assert "::" not in json.dumps(few[3] + results)


def test_our_fault_is_no_result_at_all() -> None:
    with pytest.raises(HandoutError, match="not graded, by a failure that is not the student's: half"):
        encode([exercise("double", check("a", Outcome.PASSED)), exercise("half", status=Status.UNGRADED)])


def test_commands_in_a_log_are_stopped_and_allowed_again_also_after_an_error() -> None:
    log = io.StringIO()
    print("::notice::before", file=log)

    def crash() -> None:
        with commands_stopped(log):
            print(
                "::set-env name=PATH::/tmp\n  ::error::x\n::pause-logging::\n::0123::\nno end of line", end="", file=log
            )
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        crash()
    print("::notice::after", file=log)
    assert classroom_reader.commands(log.getvalue()) == ["::notice::before", "::notice::after"]


# ---- the command in a step ----


def test_a_step_grades_all_exercises_and_hands_the_points_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = small.course(tmp_path / "course", "one", "two", "three")
    work = tmp_path / "work"
    work.mkdir()
    (work / "one.py").write_text(small.SOLUTION.replace("{slug}", "one"))
    shout = 'print("::notice title=Autograding report::{}"); raise ValueError("\\n::error::boo")'
    (work / "two.py").write_text(f"def two(X):\n    {shout}\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    monkeypatch.chdir(tmp_path)
    only = ["--exercise", "one", "--exercise", "two"]
    done = CliRunner().invoke(main, ["work", "--course", str(course.root), "--github-classroom", *only])
    assert done.exit_code == 0, done.output
    assert classroom_reader.commands(done.output) == []
    assert "ValueError" in done.output
    values = classroom_reader.outputs((tmp_path / "outputs").read_text())
    total, most, ending, _ = classroom_reader.report("one,two", classroom_reader.environment(values))
    assert (total, most, ending) == (2.0, 4.0, "Some tests failed.")
    assert (tmp_path / "report.html").is_file()


def test_outside_of_a_step_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    done = CliRunner().invoke(main, [str(tmp_path), "--github-classroom"])
    assert (done.exit_code, done.output.count("\n")) == (2, 1)
    assert "GITHUB_OUTPUT is not set" in done.output


def test_our_fault_hands_nothing_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = small.course(tmp_path / "course", "one")
    suite = course.exercises[0].suite
    suite.write_text(suite.read_text().replace("import torch", "import torch_of_tomorrow", 1))
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["work", "--course", str(course.root), "--github-classroom"])
    assert done.exit_code == 3
    assert "nothing is reported" in done.output
    assert not (tmp_path / "outputs").exists()


# ---- the points of a gradebook ----


class FakeBook:
    """A gradebook of three students: one complete, one with something ungraded, two without a clone."""

    columns = (
        Column(slug="one", title="One", chapter="01", max_score=10.0),
        Column(slug="two", title="Two ::error::", chapter="01", max_score=4.0),
    )

    def rows(self) -> Iterator[Row]:
        """The students."""

        def row(name: str, ref: str, *, complete: bool = True) -> Row:
            counted = AttemptGrade(submission_id=1, attempt=1, file="one.py", sha256="ab", ref=ref)
            adjusted = Adjustment(points=9.0, why="oral exam", who="me", at="")
            cells = (
                Cell(
                    slug="one", state=CellState.GRADED, max_score=10.0, points=9.0, counted=counted, adjustment=adjusted
                ),
                Cell(slug="two", state=CellState.MISSING, max_score=4.0, points=0.0),
            )
            ids = {"canvas_user": "5"} if name == "amy" else {"github_login": name}
            student = Student(key=f"github:{name}", name=name, ids=ids)
            return Row(student=student, cells=cells, total=9.0, max_total=14.0, complete=complete)

        yield row("ada", "homework-ada")
        yield row("bob", "homework-bob", complete=False)
        yield row("eve", "../../eve")
        yield row("joe", "")
        yield row("amy", "amy_5_6_one.py")


def test_each_student_with_all_points_gets_an_event() -> None:
    book: Any = FakeBook()
    events = dict(dispatches(book))
    assert list(events) == ["homework-ada"]
    body = json.loads(events["homework-ada"])
    assert set(body) == {"event_type", "client_payload"}
    assert len(events["homework-ada"]) < 64_000
    environ = classroom_reader.environment(body["client_payload"]["results"])
    total, most, ending, results = classroom_reader.report("one,two", environ)
    assert (total, most, ending) == (9.0, 14.0, "Some tests failed.")
    assert results[1]["tests"][0]["message"] == "Nothing was handed in."


def test_the_command_takes_the_points_from_a_gradebook(tmp_path: Path) -> None:
    graded = exercise("one", check("a", Outcome.PASSED), check("b", Outcome.FAILED))
    source = "def one(X):\n    return X\n"
    handed_in = HandIn(
        student=Student(key="github:ada", name="ada", ids={"github_login": "ada"}),
        ref="homework-ada",
        submission=Submission(
            slug="one",
            path=tmp_path / "one.py",
            file="one.py",
            sha256=hashlib.sha256(source.encode()).hexdigest(),
            source=source,
        ),
    )
    (tmp_path / "one.py").write_text(source)
    with Gradebook.open(tmp_path / "grades.sqlite", create=True) as book:
        book.set_course("Course", [Column(slug="one", title="One", chapter="01", max_score=4.0)], Policy())
        book.add([handed_in])
        [pending] = book.pending({"one": "digest"})
        book.record(pending.key, pending, Graded(result=graded, seed=1))
    out = tmp_path / "points"
    done = CliRunner().invoke(
        main, ["package", "github-points", str(out), "--gradebook", str(tmp_path / "grades.sqlite")]
    )
    assert done.exit_code == 0, done.output
    body = json.loads((out / "homework-ada.json").read_bytes())
    environ = classroom_reader.environment(body["client_payload"]["results"])
    assert classroom_reader.report("one", environ)[:2] == (2.0, 4.0)
    again = CliRunner().invoke(
        main, ["package", "github-points", str(out), "--gradebook", str(tmp_path / "grades.sqlite")]
    )
    assert (again.exit_code, again.output.count("\n")) == (2, 1)


# ---- the workflows ----


def _workflows(tmp_path: Path, run_in: str = "") -> dict[str, Any]:
    course = small.course(tmp_path / "course", "one", "two_more")
    files = workflows(course, run_in)
    return {path: yaml.safe_load(data) for path, data in files.items() if path.endswith(".yml")}


STUDENT = "students/.github/workflows/classroom.yml"
INSTRUCTOR = "instructor/.github/workflows/grade-class.yml"


def _reporter(workflow: dict[str, Any]) -> dict[str, Any]:
    [job] = workflow["jobs"].values()
    [step] = [one for one in job["steps"] if "autograding-grading-reporter" in one.get("uses", "")]
    assert isinstance(step, dict)
    return step


def test_the_workflow_of_students_holds_no_secret_and_runs_nothing_of_the_course(tmp_path: Path) -> None:
    files = workflows(small.course(tmp_path / "course", "one", "two_more"))
    text = files[STUDENT].decode()
    assert "secrets." not in text
    assert "run:" not in text
    workflow = yaml.safe_load(text)
    assert workflow[True] == {"repository_dispatch": {"types": ["grade"]}}
    step = _reporter(workflow)
    assert step["with"]["runners"] == "one,two_more"
    assert step["env"] == {
        "ONE_RESULTS": "${{ github.event.client_payload.results.one }}",
        "TWO_MORE_RESULTS": "${{ github.event.client_payload.results.two_more }}",
    }
    # The wheel and its versions are the instructor's only.
    assert [path for path in files if path.startswith("students/")] == [STUDENT]


def test_the_event_that_is_sent_is_the_one_that_is_waited_for(tmp_path: Path) -> None:
    book: Any = FakeBook()
    [event] = dict(dispatches(book)).values()
    workflow = _workflows(tmp_path)[STUDENT]
    assert json.loads(event)["event_type"] in workflow[True]["repository_dispatch"]["types"]


def test_a_workflow_that_grades_at_the_students_says_what_that_gives_away(tmp_path: Path) -> None:
    text = workflows(small.course(tmp_path / "course", "one"), "uni/course")[STUDENT].decode()
    assert "WARNING: whoever can change this file can print the secret" in text
    workflow = yaml.safe_load(text)
    [job] = workflow["jobs"].values()
    [course] = [step for step in job["steps"] if step.get("with", {}).get("repository")]
    assert course["with"]["repository"] == "uni/course"
    assert course["with"]["persist-credentials"] is False
    assert _reporter(workflow)["env"] == {"ONE_RESULTS": "${{ steps.grade.outputs.one }}"}
    with pytest.raises(HandoutError, match="write OWNER/NAME"):
        workflows(small.course(tmp_path / "other", "one"), "https://github.com/uni/course")


def test_student_code_runs_without_the_token_of_the_class(tmp_path: Path) -> None:
    [job] = _workflows(tmp_path)[INSTRUCTOR]["jobs"].values()
    for step in job["steps"]:
        if "grade batch" in step.get("run", ""):
            assert "env" not in step
            assert "--require-isolation sandbox" in step["run"]
            assert step["run"].index("stop-commands") < step["run"].index("grade batch")
            break
    else:
        pytest.fail("nothing grades")
    assert "env" not in job
    assert "env" not in _workflows(tmp_path)[INSTRUCTOR]


@pytest.mark.parametrize("run_in", ["", "uni/course"])
def test_every_command_of_grade_in_the_workflows_exists_with_its_options(tmp_path: Path, run_in: str) -> None:
    found = []
    for workflow in _workflows(tmp_path, run_in).values():
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                found += re.findall(r"^\s*grade (.*?)(?:\|\||$)", step.get("run", ""), re.MULTILINE)
    assert len(found) == (3 if run_in else 2)
    for line in found:
        command, words = main.commands["paths"], shlex.split(line)
        if words[0] in main.commands:
            command = main.commands[words.pop(0)]
        if isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        known = {option for one in command.params for option in one.opts}
        assert {word for word in words if word.startswith("--")} <= known


def test_the_command_writes_both_sides(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course", "one")
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["package", "github", str(out), "--course", str(course.root)])
    assert done.exit_code == 0, done.output
    assert (out / STUDENT).is_file()
    assert (out / INSTRUCTOR).is_file()
    assert list((out / "instructor" / ".github" / "grade").glob("grader-*.whl"))
    again = CliRunner().invoke(main, ["package", "github", str(course.root), "--course", str(course.root)])
    assert again.exit_code == 2
