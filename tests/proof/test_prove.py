"""`grade check` on small courses, each of which has one thing wrong with it.

They lie under tests/courses/check_*. For speed those that load are put together into one course and proven in one run.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from grader.course import Course
from grader.proof.findings import ExerciseProof, Finding, Phase, Proof, State
from grader.proof.prove import prove
from tests.proof.removal import predicted, removed

pytestmark = pytest.mark.timeout(600)  # the first one proves them all, perhaps on a busy machine

COURSES = Path(__file__).parent.parent / "courses"
SEED = 11


class Expected(NamedTuple):
    """The only finding of a course: phase, file and line (`@` is the slug), and what its text says."""

    phase: Phase
    place: str
    text: str
    detail: str = ""
    note: bool = False


STUB, SUITE, SOLUTION = "exercises/01_first/@.py", "test_@.py", "@.py"
EXPECTED = {
    "file_missing": Expected(Phase.STRUCTURE, SOLUTION, "the reference solution of @ is missing; add the file"),
    "metadata_broken": Expected(Phase.STRUCTURE, "exercise.toml", "key title: expected a text, got a whole number"),
    "prerequisite_unknown": Expected(
        Phase.STRUCTURE, "exercise.toml", "key prerequisites: no exercise is called 'triple'"
    ),
    "concepts_missing": Expected(Phase.STRUCTURE, "exercise.toml", "no concepts; say what the exercise teaches"),
    "hints_missing": Expected(Phase.STRUCTURE, "exercise.toml", "no hints, so that grade hint has nothing to say"),
    "instead_missing": Expected(Phase.STRUCTURE, "exercise.toml", "say what to build it from"),
    "no_wrong": Expected(Phase.STRUCTURE, "wrong", "no file in wrong/; add the mistake that you expect most"),
    "no_right": Expected(Phase.STRUCTURE, "right", "no file in right/; add the solution written in another way"),
    "template_left": Expected(Phase.STRUCTURE, f"{STUB}:1", "still to do: say what to write."),
    "stub_silent": Expected(Phase.STRUCTURE, f"{STUB}:1", "the stub has no docstring; say in it what to write"),
    "syntax_error": Expected(Phase.STRUCTURE, "right/added.py:5", "Python can't read it: "),
    "not_text": Expected(Phase.STRUCTURE, "right/added.py", "save it as UTF-8 text"),
    "no_check": Expected(Phase.STRUCTURE, SUITE, "the suite has no check; write a function test_...(submission)"),
    "title_missing": Expected(Phase.STRUCTURE, f"{SUITE}:17", "test_gradient has no docstring; its first line is"),
    "bare_assert": Expected(Phase.STRUCTURE, f"{SUITE}:14", "an assert without a text tells a student nothing"),
    "depends_on_nothing": Expected(
        Phase.STRUCTURE, f"{SUITE}:19", "test_gradient depends on 'test_shape', which is no check"
    ),
    "depends_on_later": Expected(Phase.STRUCTURE, f"{SUITE}:10", "test_gradient, which comes after it"),
    "not_collected": Expected(Phase.STRUCTURE, SUITE, "cannot be collected; see pytest --collect-only solutions/"),
    "name_missing_in_stub": Expected(Phase.STUB, f"{SOLUTION}:8", "triple is not in the stub; add it there"),
    "name_missing_in_solution": Expected(
        Phase.STUB, f"{SOLUTION}:1", "triple of the stub is missing in the solution; define it there"
    ),
    "other_parameters": Expected(Phase.STUB, f"{STUB}:4", "double(X, twice=True) is double(X) in the solution"),
    "other_kind": Expected(Phase.STUB, f"{STUB}:4", "double is a class in one of stub and solution"),
    "other_docstring": Expected(Phase.STUB, f"{STUB}:4", "double has another docstring than in the solution"),
    "docstring_in_solution_only": Expected(Phase.STUB, f"{STUB}:4", "students read the stub"),
    "stub_does_something": Expected(Phase.STUB, STUB, "test_values ends with failed instead of not_implemented"),
    "stub_not_imported": Expected(Phase.STUB, STUB, "No module named 'no_such_module'"),
    "check_ignores_submission": Expected(
        Phase.STUB, f"{SUITE}:27", "test_nothing ends with passed instead of not_implemented; call the student's code"
    ),
    "reference_fails": Expected(Phase.REFERENCE, f"{SUITE}:8", "the reference solution does not pass test_values"),
    "flaky": Expected(Phase.REFERENCE, f"{SUITE}:27", "test_large is flaky: the reference solution passes with some"),
    "disagrees_with_itself": Expected(Phase.REFERENCE, f"{SUITE}:32", "test_once disagrees with itself: with one seed"),
    "order_matters": Expected(Phase.REFERENCE, f"{SUITE}:30", "does not when the checks run in the opposite order"),
    "threads_matter": Expected(
        Phase.REFERENCE, f"{SUITE}:27", "the reference solution passes test_threads with one thread and not with 2"
    ),
    "reference_forbidden": Expected(
        Phase.REFERENCE, SOLUTION, "does not get full marks: torch.mul is the ready-made version"
    ),
    "right_fails": Expected(
        Phase.RIGHT, "right/added.py", "gets 0 of 2 points of a right file: test_values ends with failed"
    ),
    "wrong_passes": Expected(Phase.WRONG, "wrong/unchanged.py", "gets full marks, though it is wrong; add a check"),
    "hint_missing": Expected(Phase.WRONG, "wrong/unchanged.py:1", "has no docstring; ask in it what would lead"),
    "wrong_not_imported": Expected(Phase.WRONG, "wrong/unchanged.py", "can't be imported (Your code raised ModuleNot"),
    "wrong_ungraded": Expected(
        Phase.WRONG,
        "wrong/half.py",
        "could not be graded: in test_values, tensors of layout torch.sparse_coo cannot be",
    ),
    "gives_away": Expected(
        Phase.NULL, SUITE, "one that returns zeros, gets 8 of 10 points (test_shape); let these checks", "_null"
    ),
    "ready_made_counts": Expected(
        Phase.NULL, SUITE, "gets 2 of 2 points (test_values, test_gradient); put torch.square into forbidden.names"
    ),
    "check_finds_nothing": Expected(
        Phase.CHECKS, f"{SUITE}:29", "test_there finds none of the wrong files and mutants, so that it may be unable"
    ),
    "mutant_survives": Expected(
        Phase.MUTANTS, f"{SOLUTION}:5", "a mutant in double gets full marks (shape)", "+    return (2 * X).squeeze()\n"
    ),
    "mutant_ungraded": Expected(
        Phase.MUTANTS,
        f"{SOLUTION}:5",
        "a mutant could not be graded: in test_values, tensors of layout torch.sparse_coo cannot be handed over",
        "+    return 3 * X",
    ),
    "tolerance_nearly_used": Expected(Phase.MARGINS, f"{SUITE}:8", "right/scaled.py uses "),
    "mistake_nearly_right": Expected(
        Phase.MARGINS, f"{SUITE}:8", "the tolerance away in test_values, which sees it best, so that it may get through"
    ),
    "declared_and_killed": Expected(
        Phase.MUTANTS, "equivalent.toml", "a mutant is declared equivalent, and test_", "+    return 3 * X"
    ),
    "declared_and_gone": Expected(
        Phase.MUTANTS, "equivalent.toml", "a change is declared that no mutant makes any more", "return 2 * Y"
    ),
    "declared_twice": Expected(Phase.MUTANTS, "equivalent.toml", "a change is declared twice; take one away"),
    "reason_left": Expected(
        Phase.MUTANTS, "equivalent.toml", "a reason is still TODO; say why no check could see this change"
    ),
    "declarations_broken": Expected(Phase.MUTANTS, "equivalent.toml", "an entry has a reason, changes, and perhaps in"),
    "suite_line_shown": Expected(
        Phase.MESSAGES, f"{SUITE}:", "test_values shows students the line `", "give the assertion a text of its own"
    ),
    "number_shown": Expected(
        Phase.MESSAGES,
        f"{SUITE}:8",
        "of a tensor of the suite (on wrong/unchanged.py); say what is wrong with the answer",
    ),
    "constant_shown": Expected(
        Phase.MESSAGES, f"{SUITE}:10", "test_values shows students the number 1.09375 (on wrong/unchanged.py); say what"
    ),
    "path_shown": Expected(Phase.MESSAGES, f"{SUITE}:8", "test_values shows students the path solutions/01_first/@"),
    "redundant": Expected(Phase.CHECKS, f"{SUITE}:27", "finds nothing that the other checks do not find", note=True),
}
ALONE = ("circle",)  # what is wrong with it concerns its chapter


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """All the broken courses in one."""
    root = tmp_path_factory.mktemp("merged")
    for slug in ("clean", *EXPECTED):
        shutil.copytree(COURSES / f"check_{slug}", root, dirs_exist_ok=True)
    return Course.load(root)


@pytest.fixture(scope="module")
def proven(merged: Course) -> Proof:
    return prove(merged, (*merged.slugs, *merged.broken), seed=SEED, engines=1)


def of(proof: Proof, slug: str) -> ExerciseProof:
    return next(one for one in proof.exercises if one.slug == slug)


def notes(proof: ExerciseProof) -> list[Finding]:
    return [note for phase in proof.phases for note in phase.notes]


def test_there_is_a_course_for_each_expectation_and_back() -> None:
    there = {path.name.removeprefix("check_") for path in COURSES.glob("check_*")}
    assert there == {"clean", *ALONE, *EXPECTED}


def test_a_course_without_faults_has_no_findings(proven: Proof) -> None:
    clean = of(proven, "clean")
    assert [(phase.phase, phase.state) for phase in clean.phases] == [(phase, State.CLEAN) for phase in Phase]
    assert notes(clean) == []
    assert proven.findings == ()


@pytest.mark.parametrize(("slug", "expected"), EXPECTED.items(), ids=EXPECTED)
def test_each_broken_course_has_exactly_its_finding(slug: str, expected: Expected, proven: Proof) -> None:
    proof = of(proven, slug)
    found = notes(proof) if expected.note else list(proof.findings)
    if expected.note:
        assert proof.findings == ()
    if slug == "reference_fails":  # each check says so
        found = found[:1]
    [one] = found
    place = f"{one.file}:{one.line}" if one.line else one.file
    wanted = expected.place if expected.place.startswith("exercises") else f"solutions/01_first/@/{expected.place}"
    wanted = wanted.replace("@", slug)
    assert one.phase == expected.phase
    assert place.startswith(wanted) if wanted.endswith(":") else place == wanted
    assert expected.text.replace("@", slug) in one.text
    assert "\n" not in one.text
    assert expected.detail in one.detail or expected.detail in one.text


def test_without_a_check_exactly_that_survives_which_only_it_finds(merged: Course, proven: Proof) -> None:
    exercise = merged.get("redundant")
    assert exercise is not None
    expected = predicted(exercise, of(proven, "redundant"))
    assert {check: bool(found) for check, found in expected.items()} == {
        "test_values": True, "test_gradient": True, "test_ones": False
    }  # fmt: skip
    assert removed(exercise, list(expected), seed=SEED, engines=1) == expected


def test_what_comes_after_a_gate_with_findings_is_not_run(proven: Proof) -> None:
    states = {phase.phase: phase.state for phase in of(proven, "other_parameters").phases}
    assert states.pop(Phase.STRUCTURE) is State.CLEAN
    assert states.pop(Phase.STUB) is State.FINDINGS
    assert set(states.values()) == {State.NOT_RUN}


def test_a_circle_of_prerequisites_is_a_finding_of_the_course() -> None:
    course = Course.load(COURSES / "check_circle")
    proof = prove(course, course.slugs, phases=[Phase.STRUCTURE])
    [finding] = proof.findings
    assert "the prerequisites go round in a circle" in finding.text
