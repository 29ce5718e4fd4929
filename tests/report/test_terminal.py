"""Results on the terminal."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from grader.model import Diagnosis, DiagnosisKind, ExerciseResult, Isolation, Level, Outcome, Status
from grader.report import terminal, words
from grader.report.assemble import build_report
from tests.fakes import READY, check, exercise

HOSTILE = "\x1b[2J[red]bold[/red] \u202egnp.exe [link=file:///x]y[/link] \x07:smile:\ud800"


def printed(*results: ExerciseResult, width: int = 100) -> str:
    file = io.StringIO()
    terminal.show_exercises(Console(file=file, width=width, markup=True, highlight=False), results)
    return file.getvalue()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_outcome_is_told_in_a_sign_and_words(outcome: Outcome) -> None:
    text = printed(exercise("beta", Status.FAILED, check(Outcome.PASSED), check(outcome)))
    assert f"{words.OUTCOME_SIGN[outcome]} {words.OUTCOME[outcome]}" in text


@pytest.mark.parametrize("status", list(Status))
def test_each_status_is_told_in_a_sign_and_words(status: Status) -> None:
    text = printed(exercise("beta", status, check(Outcome.PASSED)))
    assert text.strip().startswith(f"{words.STATUS_SIGN[status]} beta")
    assert words.STATUS[status] in text


def test_a_failed_check_shows_the_first_lines_of_its_message() -> None:
    message = "\n".join(f"line {number}" for number in range(1, 8))
    text = printed(exercise("beta", Status.FAILED, check(Outcome.FAILED, message=message)))
    assert "line 4" in text
    assert "line 5" not in text
    assert "(3 more lines in the report)" in text


def test_a_mistake_that_numbers_tell_is_the_first_line_below_the_title() -> None:
    told = Diagnosis(check="test_it", kind=DiagnosisKind.GRADIENT, name="negated", text="It has the opposite sign.")
    one = check(Outcome.FAILED, title="the gradient", message="6 of 12 elements differ.", hint="Look.")
    lines = [line.strip() for line in printed(exercise("beta", Status.FAILED, one, diagnoses=(told,))).splitlines()]
    at = next(number for number, line in enumerate(lines) if "the gradient" in line)
    assert lines[at + 1 : at + 4] == ["It has the opposite sign.", "6 of 12 elements differ.", "Hint: Look."]


def test_a_passed_or_skipped_check_shows_no_message() -> None:
    quiet = [check(Outcome.PASSED, message="why"), check(Outcome.SKIPPED, message="why", hint="how")]
    text = printed(exercise("beta", Status.FAILED, *quiet))
    assert "why" not in text
    assert "how" not in text


def test_one_hint_per_exercise_is_shown() -> None:
    failed = [check(Outcome.FAILED, hint=f"hint {number}") for number in range(3)]
    text = printed(exercise("beta", Status.FAILED, *failed))
    assert text.count("Hint: ") == 1
    assert "Hint: hint 0" in text


def test_stubs_and_unreadable_files_take_no_table() -> None:
    stub = exercise("beta", Status.NOT_ATTEMPTED, check(Outcome.NOT_IMPLEMENTED))
    unread = exercise("zeta", Status.FAILED, check(Outcome.SKIPPED), problem="zeta.py is not UTF-8")
    text = printed(stub, unread)
    assert "twice as much" not in text
    assert "zeta.py is not UTF-8" in text


def test_ready_made_parts_are_listed_with_their_lines() -> None:
    found = tuple(
        Diagnosis(check="", kind=DiagnosisKind.FORBIDDEN_API, name="torch.relu", text=f"Use {n}.", line=n)
        for n in range(1, 6)
    )
    found = (msgspec.structs.replace(found[0], cell=4), *found[1:])
    text = printed(exercise("beta", Status.FAILED, check(Outcome.PASSED), diagnoses=found))
    assert "cell 4, line 1: Use 1." in text
    assert "\n  line 2: Use 2." in text
    assert "Use 4." not in text
    assert "and 2 more, listed in the report" in text


def test_a_mistake_that_was_recognised_stands_first() -> None:
    mistake = Diagnosis(check="a", kind=DiagnosisKind.MISCONCEPTION, name="swapped_gradients", text="Which is which?")
    lines = printed(exercise("beta", Status.FAILED, check(Outcome.FAILED), diagnoses=(mistake,))).splitlines()
    heading = next(number for number, line in enumerate(lines) if "beta" in line)
    assert lines[heading + 1].strip() == "This looks like: swapped gradients. Which is which?"


def test_hostile_text_stays_text() -> None:
    found = Diagnosis(check="", kind=DiagnosisKind.FORBIDDEN_API, name="x", text=HOSTILE, line=1)
    one = check(Outcome.FAILED, message=HOSTILE, hint=HOSTILE, title=HOSTILE)
    text = printed(exercise("beta", Status.FAILED, one, problem=HOSTILE, diagnoses=(found,)))
    assert not set("\x1b\u202e\x07\ud800") & set(text)
    assert text.count("[red]bold[/red]") == 5
    assert ":smile:" in text


def test_a_flood_of_text_is_bounded() -> None:
    flood = [check(Outcome.FAILED, message="x" * 10**6, title="t" * 10**6) for _ in range(3)]
    assert len(printed(exercise("beta", Status.FAILED, *flood, problem="p" * 10**6))) < 6000


def test_a_narrow_terminal_keeps_score_and_sign() -> None:
    text = printed(exercise("beta", Status.FAILED, check(Outcome.FAILED, message="a long message " * 5)), width=40)
    assert "◐ beta" in text
    assert "0 of 1 point" in text
    assert "✗ failed" in text
    assert all(len(line) <= 40 for line in text.splitlines())


def test_the_total_leaves_out_what_is_ungraded() -> None:
    results = [
        exercise("beta", Status.PASSED, check(Outcome.PASSED)),
        exercise("zeta", Status.UNGRADED, check(Outcome.INTERNAL_ERROR)),
    ]
    report = build_report(results, READY, "2025-01-02T03:04:05+00:00", 1.5)
    assert (report.score, report.max_score) == (1.0, 1.0)
    file = io.StringIO()
    terminal.show_total(Console(file=file, width=100), report)
    assert file.getvalue().startswith(
        "Total  1 of 1 point  (1 exercise ungraded and not counted)\nIsolation: process. Seed 7, 1.5 s.\n"
    )


@pytest.mark.parametrize(
    ("isolation", "line"),
    [
        (Isolation(level=Level.SANDBOX, missing=("landlock: this kernel has none",)), ""),
        (
            Isolation(level=Level.PROCESS, missing=("bubblewrap: not installed", "landlock: this kernel has none")),
            "No full sandbox (missing: bubblewrap, landlock): fine for code of your own; for code of others, grade "
            "doctor says what to change.\n",
        ),
        (
            Isolation(level=Level.PROCESS),
            "No full sandbox: fine for code of your own; for code of others, grade doctor says what to change.\n",
        ),
        (
            Isolation(level=Level.NONE, missing=("a\x1b[31m\nb: b", "d: e", "f", "h: i")),
            "No full sandbox (missing: a b, d, f): fine for code of your own; for code of others, grade doctor says "
            "what to change.\n",
        ),
    ],
)
def test_what_is_less_than_a_sandbox_is_said_in_one_line(isolation: Isolation, line: str) -> None:
    ready = msgspec.structs.replace(READY, isolation=isolation)
    file = io.StringIO()
    terminal.show_total(Console(file=file, width=400), build_report([], ready, "", 1.5))
    assert file.getvalue() == f"Total  0 of 0 points\nIsolation: {isolation.level}. Seed 7, 1.5 s.\n{line}"


def test_a_terminal_gets_a_live_line_that_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    monkeypatch.delenv("MPLBACKEND", raising=False)
    file = io.StringIO()
    out = Console(file=file, width=100, force_terminal=True)
    with terminal.display(out) as display:
        display.plan({"beta": 2, "zeta": 1})
        display.check("beta")
        display.check("beta")
        display.finish(exercise("beta", Status.PASSED, check(Outcome.PASSED)))
        display.check("zeta")
        display.finish(exercise("zeta", Status.PASSED, check(Outcome.PASSED)))
    assert "\x1b[?25h" in file.getvalue()  # the cursor is back


@pytest.mark.parametrize("variable", [("JPY_PARENT_PID", "7"), ("MPLBACKEND", "module://matplotlib_inline")])
def test_a_cell_of_a_notebook_gets_plain_lines(monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str]) -> None:
    monkeypatch.setenv(*variable)
    file = io.StringIO()
    with terminal.display(Console(file=file, width=100, force_terminal=True, color_system=None)) as display:
        display.plan({"beta": 1})
        display.finish(exercise("beta", Status.PASSED, check(Outcome.PASSED)))
    assert file.getvalue() == "grading 1 exercise\ngraded beta: 1 of 1 point\n"


def test_a_file_gets_a_plain_line_per_exercise() -> None:
    file = io.StringIO()
    with terminal.display(Console(file=file, width=100)) as display:
        display.plan({"beta": 1})
        display.check("beta")
        display.finish(exercise("beta", Status.PASSED, check(Outcome.PASSED)))
    assert file.getvalue() == "grading 1 exercise\ngraded beta: 1 of 1 point\n"


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    file = io.StringIO()
    out = Console(file=file, width=100, force_terminal=True)
    terminal.show_exercises(out, [exercise("beta", Status.PASSED, check(Outcome.PASSED))])
    assert "\x1b[32m" not in file.getvalue()
    assert "\x1b[1;32m" not in file.getvalue()
