"""What the page says: which hint, which diagnosis where, what comes next."""

from __future__ import annotations

from typing import Any

import pytest

from grader.model import CheckResult, Diagnosis, DiagnosisKind, ExerciseResult, Frame, Outcome, Status
from grader.report import fill
from grader.report.page import ExercisePage, Page
from grader.report.prose import Block, Span
from tests.report import samples


def words_of(parts: tuple[Span, ...]) -> str:
    return "".join(part.text for part in parts)


def text_of(blocks: tuple[Block, ...]) -> str:
    return "\n\n".join(words_of(block.spans) for block in blocks)


def failed(name: str, **fields: Any) -> CheckResult:
    return samples.check(name, f"promise {name}", Outcome.FAILED, **fields)


def diagnosis(check: str, kind: str = "misconception", text: str = "Why?", line: int = 0) -> Diagnosis:
    return Diagnosis(check=check, kind=DiagnosisKind(kind), name="swapped_gradients", text=text, line=line)


def filled(*checks: CheckResult, diagnoses: tuple[Diagnosis, ...] = ()) -> ExercisePage:
    exercise = samples.exercise("matmul", "M", "02", Status.FAILED, *checks, diagnoses=diagnoses)
    return page_of(exercise).exercises[0]


def page_of(*exercises: ExerciseResult) -> Page:
    return fill.fill(samples.report(*exercises))


# ---- diagnoses and hints ----


def test_a_hint_of_the_suite_is_shown_where_nothing_better_is_known() -> None:
    (check,) = filled(failed("a", hint="Try\nsmall matrices.")).checks

    assert text_of(check.hint) == "Try small matrices."
    assert check.notes == ()


def test_a_misconception_of_one_check_stands_above_all_checks_in_the_place_of_its_hint() -> None:
    page = filled(failed("a", hint="General."), diagnoses=(diagnosis("test_a", text="Special."),))

    (note,), (check,) = page.notes, page.checks
    assert words_of(note.heading) == "This looks like: swapped gradients"
    assert text_of(note.body) == "Special."
    assert (check.hint, check.notes) == ((), ())
    assert check.hint_link is not None
    assert check.hint_link.anchor == note.anchor


def test_a_misconception_of_several_checks_is_told_once_and_linked() -> None:
    page = filled(
        failed("a", hint="General."),
        failed("b"),
        failed("c", hint="Other."),
        diagnoses=(diagnosis("test_a"), diagnosis("test_b")),
    )

    (note,) = page.notes
    assert [link.anchor for link in note.checks] == ["exercise-matmul-1", "exercise-matmul-2"]
    first, second, third = page.checks
    assert first.hint == second.hint == ()
    assert first.hint_link is not None
    assert first.hint_link.anchor == note.anchor
    assert first.notes == ()
    assert text_of(third.hint) == "Other."


def test_what_is_known_about_a_gradient_leaves_the_hint_alone() -> None:
    (check,) = filled(failed("a", hint="General."), diagnoses=(diagnosis("test_a", "gradient"),)).checks

    assert check.notes == ()
    assert text_of(check.hint) == "General."


def test_a_mistake_that_numbers_tell_stands_before_the_message() -> None:
    told = diagnosis("test_a", "gradient", text="dL/dX is the expected one transposed.")
    page = filled(failed("a", message="6 of 12 elements differ."), failed("b"), diagnoses=(told,))

    first, second = page.checks
    assert page.notes == ()
    assert text_of(first.named) == "dL/dX is the expected one transposed."
    assert text_of(first.message) == "6 of 12 elements differ."
    assert second.named == ()


def test_a_forbidden_api_is_told_with_all_its_lines() -> None:
    page = filled(
        failed("a"),
        diagnoses=(diagnosis("", "forbidden_api", line=14), diagnosis("", "forbidden_api", line=3)),
    )

    (note,) = page.notes
    assert words_of(note.heading) == "Ready-made: swapped_gradients"
    assert note.where == "lines 3 and 14"


@pytest.mark.parametrize("check", ["", "test_of_another_suite"])
def test_a_diagnosis_without_a_check_in_the_page_stands_above_them(check: str) -> None:
    assert len(filled(failed("a"), diagnoses=(diagnosis(check),)).notes) == 1


def test_many_diagnoses_are_cut_and_counted() -> None:
    page = filled(failed("a"), diagnoses=tuple(diagnosis("", text=f"Reason {n}") for n in range(50)))

    assert len(page.notes) == fill.MAX_NOTES
    assert page.left_out == "30 more diagnoses left out."


# ---- what comes next ----


@pytest.mark.parametrize(
    ("exercises", "anchor"),
    [
        ((samples.RELU, samples.DEVICE, samples.MATMUL), "exercise-matmul-3"),
        ((samples.RELU, samples.DEVICE), "exercise-device"),
        ((samples.SEQUENTIAL, samples.MATMUL), "exercise-sequential"),
        ((samples.RELU,), None),
        ((samples.SGD,), None),
        ((), None),
    ],
)
def test_next_is_what_was_begun_and_else_what_is_untouched(
    exercises: tuple[ExerciseResult, ...], anchor: str | None
) -> None:
    step = page_of(*exercises).next

    assert (step.anchor if step else None) == anchor


def test_the_next_check_is_one_that_can_be_worked_on() -> None:
    skipped = samples.check("a", "first", Outcome.SKIPPED)
    page = page_of(samples.exercise("matmul", "M", "02", Status.FAILED, skipped, failed("b")))

    assert page.next is not None
    assert page.next.anchor == "exercise-matmul-2"
    assert words_of(page.next_detail) == "promise b"


# ---- one exercise ----


def test_an_ungraded_exercise_shows_no_score_at_all() -> None:
    (page,) = page_of(samples.SGD).exercises

    assert page.score == ""
    assert page.worth == ""
    assert page.word == "ungraded"


def test_an_untouched_exercise_shows_what_it_is_worth() -> None:
    (page,) = page_of(samples.DEVICE).exercises

    assert page.score == ""
    assert page.worth == "7 points"
    assert page.waiting == "3 checks to pass, 7 points to earn"
    assert not any(check.open for check in page.checks)


def test_slugs_that_make_no_anchor_get_a_number() -> None:
    page = page_of(
        samples.exercise("../a b", "A", "01", Status.PASSED), samples.exercise("b", "B", "01", Status.PASSED)
    )

    assert [one.anchor for one in page.exercises] == ["exercise-no-1", "exercise-b"]


# ---- facts, frames and output ----


def test_what_came_back_and_what_was_expected_never_read_the_same() -> None:
    same, other, none = filled(
        failed("a", got="float32 tensor of shape (2,)", expected="float32 tensor of shape (2,)"),
        failed("b", got="None", expected="float32 tensor of shape (2,)"),
        failed("c"),
    ).checks

    assert [fact.text for fact in same.facts] == ["float32 tensor of shape (2,)", "the same, with other values"]
    assert [fact.text for fact in other.facts] == ["None", "float32 tensor of shape (2,)"]
    assert none.facts == ()


def frame(line: int) -> Frame:
    return Frame(file="a.py", line=line, function="f", first_line=line - 1, excerpt=("before", "here", "after"))


def test_the_innermost_frame_has_its_excerpt_and_the_outer_ones_their_line() -> None:
    (check,) = filled(failed("a", frames=(frame(5), frame(9)))).checks

    assert check.place is not None
    assert [line.number for line in check.place.lines] == [8, 9, 10]
    (outer,) = check.path
    assert [line.number for line in outer.lines] == [5]


def test_recursion_is_folded() -> None:
    (check,) = filled(failed("a", frames=(frame(1), *[frame(5)] * 990, frame(9)))).checks

    assert [(place.line, place.times) for place in check.path] == [(1, 1), (5, 990)]


def test_a_long_way_there_is_cut_in_the_middle() -> None:
    (check,) = filled(failed("a", frames=tuple(frame(n) for n in range(1, 102)))).checks

    assert [place.line for place in check.path] == [1, 2, 0, *range(93, 101)]
    assert check.path[2].times == 90


def test_short_output_of_a_failed_check_is_unfolded_and_long_output_is_not() -> None:
    short, long, passed = filled(
        failed("a", output="x\n" * 3),
        failed("b", output="x\n" * 100),
        samples.check("c", "c", output="x\n"),
    ).checks

    assert short.output is not None
    assert long.output is not None
    assert passed.output is not None
    assert (short.output.open, short.output.summary) == (True, "3 lines")
    assert (long.output.open, long.output.summary) == (False, "100 lines")
    assert passed.output.open is False


def test_only_slow_checks_tell_how_long_they_took() -> None:
    quick, slow = filled(failed("a"), failed("b", duration_s=2.5)).checks

    assert quick.took == ""
    assert slow.took == "This check took 2.5 s."


@pytest.mark.parametrize(
    ("started_at", "shown"),
    [
        ("2026-03-02T14:05:09+00:00", "2 March 2026, 14:05 UTC"),
        ("2026-12-31T23:59:59", "31 December 2026, 23:59"),
        ("yesterday", "yesterday"),
        ("", ""),
    ],
)
def test_a_moment_is_written_as_people_write_it(started_at: str, shown: str) -> None:
    assert fill.fill(samples.report(started_at=started_at)).when == shown
