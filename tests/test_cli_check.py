"""`grade check` and `grade new` on the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from grader.cli import PHASES, main
from grader.course import Course
from grader.engine import EngineError
from grader.proof import prove as proving
from grader.proof.ci import github, junit
from grader.proof.findings import ExerciseProof, Finding, Margin, Phase, PhaseResult, Proof, State
from grader.proof.structure import MARK

COURSES = Path(__file__).parent / "courses"
CLEAN = COURSES / "check_clean"
FAULTY = COURSES / "check_concepts_missing"

FOUND = Finding(
    exercise="double",
    phase=Phase.MUTANTS,
    file="solutions/01_first/double/double.py",
    line=5,
    text="a mutant, 100% of it, gets full marks: add a check\x1b[31m",
    detail="-    return 2 * X\n+    return <X>",
)
NOTE = Finding(exercise="double", phase=Phase.CHECKS, file="a.py", text="nothing new", note=True)
MARGIN = Margin(check="test_values", reference=0.01, right=0.04, mistake=20.0, mistake_of="wrong/half.py")
PROOF = Proof(
    seed=7,
    duration_s=1.5,
    exercises=(
        ExerciseProof(
            slug="double",
            phases=(
                PhaseResult(phase=Phase.STRUCTURE, state=State.CLEAN),
                PhaseResult(phase=Phase.CHECKS, state=State.CLEAN, about="2 checks", notes=(NOTE,)),
                PhaseResult(phase=Phase.MUTANTS, state=State.FINDINGS, findings=(FOUND,)),
                PhaseResult(phase=Phase.MARGINS, state=State.CLEAN, margins=(MARGIN,)),
                PhaseResult(phase=Phase.MESSAGES, state=State.NOT_RUN, about="after mutants is clean"),
            ),
        ),
    ),
)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `prove` is called with; it answers PROOF."""
    calls: list[dict[str, Any]] = []

    def prove(course: Course, slugs: tuple[str, ...], **named: Any) -> Proof:
        calls.append({"slugs": slugs, **named})
        return PROOF

    monkeypatch.setattr(proving, "prove", prove)
    return calls


def grade(*args: str) -> Result:
    return CliRunner().invoke(main, args)


def check(*args: str, course: Path = CLEAN) -> Result:
    return grade("check", *args, "--course", str(course))


def test_the_phases_on_the_command_line_are_those_that_there_are() -> None:
    assert tuple(Phase) == PHASES


def test_findings_end_with_1_and_the_last_lines_name_the_next_step() -> None:
    result = check("--phase", "structure", course=FAULTY)
    assert result.exit_code == 1
    assert "✗ concepts_missing  1 finding" in result.output
    assert "1 finding. Next: solutions/01_first/concepts_missing/exercise.toml: no concepts;" in result.output


def test_no_findings_end_with_0() -> None:
    result = check("clean", "--phase", "structure")
    assert result.exit_code == 0
    assert "Nothing found in 1 exercise." in result.output


def test_options_reach_the_proof(asked: list[dict[str, Any]]) -> None:
    check("--no-mutants", "--phase", "stub", "--phase", "null", "--seed", "5")
    [call] = asked
    assert call["slugs"] == ("clean",)
    assert call["phases"] == (Phase.STUB, Phase.NULL)
    assert (call["mutate"], call["seed"]) == (False, 5)


def test_the_table_has_findings_with_details_notes_and_what_was_not_run(asked: list[dict[str, Any]]) -> None:
    result = check()
    assert result.exit_code == 1
    assert "solutions/01_first/double/double.py:5: a mutant, 100% of it, gets full marks: add a check" in result.output
    assert "\x1b" not in result.output
    assert "+    return <X>" in result.output
    assert "note: a.py: nothing new" in result.output
    assert "not run: messages (after mutants is clean)" in result.output


def test_the_json_file_has_every_finding(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    check("--json", "proof.json")
    written = json.loads((tmp_path / "proof.json").read_text("utf-8"))
    assert (written["version"], written["seed"]) == (1, 7)
    [exercise] = written["exercises"]
    assert [phase["state"] for phase in exercise["phases"]] == ["clean", "clean", "findings", "clean", "not_run"]
    assert exercise["phases"][2]["findings"][0]["line"] == 5
    assert exercise["phases"][3]["margins"][0]["right"] == 0.04


def test_the_junit_file_has_a_suite_for_each_exercise_and_a_case_for_each_phase() -> None:
    root = ElementTree.fromstring(junit(PROOF))  # noqa: S314  our own
    counts = {"tests": "5", "failures": "1", "errors": "0", "skipped": "1"}
    # The schema of Jenkins' xUnit plugin has no `skipped` at the top, and the plugin refuses what breaks its schema.
    assert (root.tag, root.attrib.keys()) == ("testsuites", {"name", "time", "tests", "failures", "errors"})
    assert all(root.get(key) == counts[key] for key in ("tests", "failures", "errors"))
    [suite] = root
    assert (suite.tag, suite.get("name"), {key: suite.get(key) for key in counts}) == ("testsuite", "double", counts)
    assert [case.tag for case in suite] == ["testcase"] * 5
    assert all(case.get("classname") == "double" and case.get("name") for case in suite)
    failure = suite[2].find("failure")
    assert failure is not None
    assert "+    return <X>" in (failure.text or "")
    assert "\N{REPLACEMENT CHARACTER}[31m" in (failure.get("message") or "")
    assert suite[4].find("skipped") is not None


def test_margins_are_shown_for_each_check_where_few_exercises_are_named(asked: list[dict[str, Any]]) -> None:
    line = "test_values            4 %  20 times (wrong/half.py)"
    assert line in check("clean").output
    assert line not in check().output


def test_where_nobody_watches_each_part_of_the_work_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def prove(*_: Any, progress: Any, **__: Any) -> Proof:
        for done in range(3):
            progress("mutants", done, 2)
        return PROOF

    monkeypatch.setattr(proving, "prove", prove)
    assert check().output.count("mutants\n") == 1


def test_annotations_are_escaped_and_name_the_file_from_the_workspace(tmp_path: Path) -> None:
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path)}
    error, note = github(PROOF, tmp_path / "course", environment)
    assert error.startswith(
        "::error file=course/solutions/01_first/double/double.py,line=5,title=grade check%3A double mutants::"
        "a mutant, 100%25 of it, gets full marks"
    )
    assert error.endswith("%0A-    return 2 * X%0A+    return <X>")
    assert note.startswith("::notice file=course/a.py,line=1,")
    assert list(github(PROOF, tmp_path, {})) == []


def test_annotations_are_printed_in_github_actions_only(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "::error" not in check().output
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert "\n::error file=" in check().output


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("clan",), "no exercise is called 'clan'; did you mean clean?"),
        (("--phase", "mutation"), "is not one of"),
        (("--phase", "checks", "--no-mutants"), "--phase checks needs mutants; leave out --no-mutants"),
        (("--json", "suite.py"), "this looks like a source file"),
        (("--junit", "nowhere/out.xml"), "there is no such folder"),
        (("--json", "out", "--junit", "out"), "name two files"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_line(args: tuple[str, ...], text: str, asked: list[dict[str, Any]]) -> None:
    result = check(*args)
    assert result.exit_code == 2
    assert text in result.output
    assert asked == []


def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda _, mode, **__: mode != os.W_OK)
    result = check("--json", "proof.json")
    assert result.exit_code == 2
    assert "--json proof.json: can't be written; name another place" in result.output
    assert asked == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_ends_with_3_and_the_findings_are_shown_all_the_same(asked: list[dict[str, Any]]) -> None:
    result = check("--json", "/dev/full")
    assert result.exit_code == 3
    assert "/dev/full: the JSON can't be written (No space left on device)" in result.output
    assert "1 finding. Next: " in result.output


def test_a_course_without_exercises_is_a_finding(tmp_path: Path) -> None:
    for tree in ("exercises/01_first", "solutions"):
        (tmp_path / "course" / tree).mkdir(parents=True)
    result = check(course=tmp_path / "course")
    assert result.exit_code == 1
    assert "there is no exercise yet; start one: grade new SLUG --chapter NAME" in result.output
    (tmp_path / "course" / "exercises" / "01_first" / "half.py").write_text("", "utf-8")
    result = check(course=tmp_path / "course")
    assert result.exit_code == 1
    assert "Next: exercises/01_first/half.py: there is no solutions/01_first/half/, so that nobody" in result.output


def test_a_judge_that_does_not_start_ends_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def prove(*_: Any, **__: Any) -> Proof:
        raise EngineError("the judge did not start")

    monkeypatch.setattr(proving, "prove", prove)
    result = check()
    assert result.exit_code == 3
    assert "grade: the judge did not start" in result.output


# grade new


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course without exercises."""
    for tree in ("exercises", "solutions"):
        (tmp_path / "course" / tree).mkdir(parents=True)
    return tmp_path / "course"


def new(course: Path, slug: str = "half", chapter: str = "01_first") -> Result:
    return grade("new", slug, "--chapter", chapter, "--course", str(course))


def test_new_writes_the_files_and_names_the_next_command(course: Path) -> None:
    result = new(course)
    assert result.exit_code == 0
    *made, last = result.output.splitlines()
    assert last.endswith("grade check half")
    assert sorted(made) == sorted(str(path.relative_to(course)) for path in course.rglob("*.*"))
    assert all(MARK in (course / name).read_text("utf-8") for name in made)
    assert Course.load(course).problems == ()


@pytest.mark.parametrize(
    ("slug", "chapter", "text"),
    [
        ("Half", "01_first", "a slug has small letters"),
        ("../half", "01_first", "a slug has small letters"),
        ("class", "01_first", "class is a word of Python"),
        ("half", "..", "a chapter is the name of a folder"),
        ("half", "a/b", "a chapter is the name of a folder"),
    ],
)
def test_new_refuses_names_that_cannot_be(course: Path, slug: str, chapter: str, text: str) -> None:
    result = new(course, slug, chapter)
    assert result.exit_code == 2
    assert text in result.output
    assert list(course.rglob("*.*")) == []


def test_new_says_what_cannot_be_written(course: Path) -> None:
    (course / "solutions" / "01_first").write_text("in the way", "utf-8")
    result = new(course)
    assert result.exit_code == 3
    assert "solutions/01_first" in result.output.splitlines()[-1]
    assert "can't be written" in result.output


def test_new_refuses_an_exercise_that_is_there(course: Path) -> None:
    new(course)
    before = {path: path.read_bytes() for path in course.rglob("*.*")}
    result = new(course, chapter="02_second")
    assert result.exit_code == 2
    assert "there is exercises/01_first/half.py already; choose another slug" in result.output
    assert {path: path.read_bytes() for path in course.rglob("*.*")} == before


def test_check_leads_from_a_new_exercise_to_green(course: Path) -> None:
    new(course)
    steps = []
    for _ in range(10):
        result = grade("check", "half", "--phase", "structure", "--course", str(course))
        if result.exit_code == 0:
            break
        place, _, text = result.output.split("Next: ")[1].partition(": still to do: ")
        assert text
        file = course / place.rpartition(":")[0]
        file.write_text(file.read_text("utf-8").replace(f"{MARK} ", "", 1), "utf-8")
        steps.append(file.name)
    assert steps == ["half.py", "exercise.toml", "half.py", "test_half.py", "subtracted.py", "detached.py"]
    result = grade("check", "half", "--course", str(course))
    assert result.exit_code == 0, result.output
    assert "Nothing found in 1 exercise." in result.output
