"""The command line, with an engine that grades at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from grader import engine, progress
from grader.cli import main
from grader.commands import watch
from grader.model import Level
from tests.fakes import FakeEngine

COURSES = Path(__file__).parent / "courses"
GOOD = COURSES / "good"


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[FakeEngine]:
    monkeypatch.setattr(engine, "Engine", FakeEngine)
    monkeypatch.setattr(FakeEngine, "calls", [])
    monkeypatch.setattr(FakeEngine, "options", None)
    monkeypatch.setattr(FakeEngine, "closed", 0)
    monkeypatch.setattr(FakeEngine, "before", staticmethod(lambda slug: None))
    monkeypatch.setattr(progress, "folder", lambda: tmp_path / "state")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("GRADE_REQUIRE_ISOLATION", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    return FakeEngine


def put(**sources: str) -> None:
    for slug, source in sources.items():
        Path(f"{slug}.py").write_text(source)


def grade(*args: str) -> Result:
    return CliRunner().invoke(main, [*args, "--course", str(GOOD)])


def run(*args: str) -> Result:
    return CliRunner().invoke(main, args)


# Exit codes


def test_full_marks_end_with_0() -> None:
    put(beta="pass", alpha="pass")
    assert grade(".").exit_code == 0


def test_less_than_full_marks_end_with_1() -> None:
    put(beta="pass", alpha="fail")
    assert grade(".").exit_code == 1


def test_an_ungraded_exercise_is_our_fault() -> None:
    put(beta="pass", alpha="broken")
    result = grade(".")
    assert result.exit_code == 3
    assert "1 of 1 point " in result.stdout
    assert "(1 exercise ungraded and not counted)" in result.stdout


def test_full_marks_with_a_path_that_is_no_submission_end_with_1() -> None:
    put(beta="pass")
    Path("notes.txt").write_text("x")
    result = grade("beta.py", "notes.txt")
    assert result.exit_code == 1
    assert "notes.txt is not a Python file" in result.stderr
    assert "1 of 1 point" in result.stdout


def test_a_failing_engine_ends_with_3_and_keeps_its_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(slug: str) -> None:
        if slug == "delta":
            raise engine.EngineError("the judge did not start", "details\n")

    monkeypatch.setattr(FakeEngine, "before", staticmethod(fail))
    put(beta="pass", delta="pass")
    result = grade(".")
    assert result.exit_code == 3
    log = tmp_path / "state" / "last-failure.log"
    assert result.stderr == f"The grader failed: the judge did not start (details: {log})\n"
    assert log.read_text() == "details\n"
    assert "beta" in result.stdout


def test_isolation_that_is_not_there_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(slug: str) -> None:
        raise engine.IsolationUnavailable("isolation 'sandbox' is not available here")

    monkeypatch.setattr(FakeEngine, "before", staticmethod(refuse))
    put(beta="pass")
    result = grade(".", "--isolation", "sandbox")
    assert (result.exit_code, result.stderr) == (2, "grade: isolation 'sandbox' is not available here\n")


def test_less_isolation_than_required_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    put(beta="pass")
    assert grade(".").exit_code == 0
    assert (FakeEngine.options or engine.Options()).required is Level.NONE
    assert grade(".", "--require-isolation", "sandbox").exit_code == 0
    assert (FakeEngine.options or engine.Options()).required is Level.SANDBOX
    monkeypatch.setenv("GRADE_REQUIRE_ISOLATION", "process")
    assert grade(".").exit_code == 0
    assert (FakeEngine.options or engine.Options()).required is Level.PROCESS
    monkeypatch.setenv("GRADE_REQUIRE_ISOLATION", "")
    assert grade(".").exit_code == 0
    assert (FakeEngine.options or engine.Options()).required is Level.NONE


def test_asking_for_less_isolation_than_is_required_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    put(beta="pass")
    monkeypatch.setenv("GRADE_REQUIRE_ISOLATION", "sandbox")
    result = grade(".", "--isolation", "process")
    assert result.exit_code == 2
    assert result.stderr.startswith("grade: --isolation process is less than --require-isolation sandbox")
    assert FakeEngine.calls == []


def test_a_defect_of_ours_is_one_line_and_a_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(slug: str) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(FakeEngine, "before", staticmethod(fail))
    put(beta="pass")
    result = grade(".")
    assert result.exit_code == 3
    assert result.stderr.startswith("grade: an internal error, not yours (details: ")
    assert "ZeroDivisionError: a defect" in (tmp_path / "state" / "last-failure.log").read_text()


def test_ctrl_c_ends_with_130_and_keeps_what_was_graded(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(slug: str) -> None:
        if slug == "delta":
            raise KeyboardInterrupt

    monkeypatch.setattr(FakeEngine, "before", staticmethod(interrupt))
    put(beta="pass", zeta="fail", delta="pass", alpha="pass")
    result = grade(".")
    assert result.exit_code == 130
    assert "Stopped: 2 of 4 graded; `grade list` remembers them." in result.stderr
    assert "Traceback" not in result.output
    assert FakeEngine.closed
    assert sorted(progress.load(GOOD)[0].exercises) == ["beta", "zeta"]


# What was typed


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("lsit", "no such path or command: lsit; did you mean grade list?"),
        ("hnit", "no such path or command: hnit; did you mean grade hint?"),
        ("betta.py", "no such path or command: betta.py; did you mean beta.py?"),
        ("nothing/at/all", "no such path or command: nothing/at/all"),
    ],
)
def test_a_mistyped_command_or_path_is_one_line_with_a_suggestion(typed: str, message: str) -> None:
    put(beta="pass")
    result = grade(typed)
    assert (result.exit_code, result.stderr) == (2, f"grade: {message}\n")
    assert FakeEngine.calls == []


def test_a_hostile_path_is_shown_cleaned() -> None:
    result = grade("\x1b[31mno\u202e.py")
    assert "\x1b" not in result.stderr
    assert "\u202e" not in result.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--timeout", "0"], "'--timeout'"),
        (["--timeout", "nan"], "'--timeout'"),
        (["--timeout", "inf"], "it must be a number of seconds"),
        (["--seed", "-1"], "'--seed'"),
        (["--isolation", "magic"], "'--isolation'"),
        (["--require-isolation", "none"], "'--require-isolation'"),
        (["--frobnicate"], "--frobnicate"),
        (["--exercise", "bta"], "no exercise is called 'bta'; did you mean beta?"),
        (["--html", "beta.py"], "--html beta.py: this looks like a source file"),
        (["--json", "."], "--json .: is a folder"),
        (["--html", "no/where.html"], "--html no/where.html: there is no such folder"),
        (["--html", "x", "--json", "x"], "--html and --json name the same file"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_graded(args: list[str], message: str) -> None:
    put(beta="pass")
    result = grade(".", *args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert FakeEngine.calls == []
    assert Path("beta.py").read_text() == "pass"


def test_without_arguments_the_help_is_shown() -> None:
    result = run()
    assert result.exit_code == 2
    assert "PATH..." in result.output


def test_help_shows_the_options_of_grading_and_the_commands() -> None:
    result = run("--help")
    assert result.exit_code == 0
    for word in (
        "--exercise",
        "--html",
        "--json",
        "--timeout",
        "--seed",
        "--isolation",
        "--require-isolation",
        "--course",
        "--watch",
        "--open",
    ):
        assert word in result.stdout
    assert "  hint " in result.stdout
    assert "  paths " not in result.stdout
    assert run("list", "--help").exit_code == 0


def test_help_after_a_path_is_help_too() -> None:
    assert run("exercises", "--help").exit_code == 0


def test_a_folder_called_like_a_command_is_reached_with_a_dot() -> None:
    Path("list").mkdir()
    Path("list/beta.py").write_text("pass")
    assert grade("./list").exit_code == 0


def test_a_folder_called_like_the_inner_command_is_a_path() -> None:
    Path("paths").mkdir()
    Path("paths/beta.py").write_text("pass")
    assert grade("paths").exit_code == 0


def test_options_may_stand_before_the_path() -> None:
    put(beta="pass")
    result = run("--course", str(GOOD), "--seed", "3", "--timeout", "2.5", "beta.py")
    assert result.exit_code == 0
    assert FakeEngine.options == engine.Options(seed=3, timeout_s=2.5, isolation="auto")


# Which files


def test_a_folder_without_an_exercise_is_one_line_with_advice() -> None:
    put(bita="pass")
    result = grade(".")
    assert result.exit_code == 2
    assert result.stderr == (
        "no exercise in .: a submission is named after its exercise, such as beta.py; found bita.py; "
        "did you mean beta?\n"
    )


def test_a_file_that_cannot_be_read_does_not_stop_the_others() -> None:
    put(beta="pass")
    Path("alpha.py").write_bytes(b"\xe9")
    result = grade(".")
    assert result.exit_code == 1
    assert FakeEngine.calls == [["beta", "alpha"]]
    assert "alpha.py is not UTF-8 (byte 0xe9 on line 1); save it as UTF-8" in result.stdout


def test_only_the_exercises_asked_for_are_graded() -> None:
    put(beta="pass", alpha="pass", zeta="pass")
    grade(".", "--exercise", "beta", "--exercise", "zeta")
    assert FakeEngine.calls == [["beta", "zeta"]]


def test_a_broken_exercise_is_our_fault_and_the_others_are_graded() -> None:
    put(fine="pass", typo="pass")
    result = CliRunner().invoke(main, [".", "--course", str(COURSES / "broken")])
    assert result.exit_code == 3
    assert "typo.py is not graded: the exercise typo is broken in this course" in result.stderr
    assert "unknown key hint" in result.stderr
    assert FakeEngine.calls == [["fine"]]


def test_the_course_is_found_from_the_path() -> None:
    assert run(str(GOOD / "exercises")).exit_code == 1
    assert FakeEngine.calls == [["beta", "zeta", "delta", "alpha"]]


def test_the_course_is_found_from_the_current_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    put(beta="pass")
    here = Path.cwd()
    monkeypatch.chdir(GOOD)
    assert run(str(here), "--html", str(here / "report.html")).exit_code == 0


def test_a_course_inside_a_submission_is_not_used_by_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    for tree in ("exercises", "solutions"):
        Path(tree).mkdir()
    here = Path.cwd()
    monkeypatch.chdir(GOOD)
    result = run(str(here))
    assert result.exit_code == 2
    assert result.stderr == f"grade: more than one course: {here} and {GOOD}; say which one with --course DIR\n"


def test_no_course_at_all_is_one_line() -> None:
    put(beta="pass")
    result = run("beta.py")
    assert result.exit_code == 2
    assert result.stderr.startswith("grade: no course at ")
    assert result.stderr.count("\n") == 1


# What is shown and written


def test_the_reports_are_written_where_asked() -> None:
    put(beta="pass", alpha="fail")
    result = grade(".", "--html", "out.html", "--json", "out.json")
    report = json.loads(Path("out.json").read_text())
    assert (report["score"], report["max_score"], report["seed"]) == (1.0, 2.0, 7)
    assert [one["slug"] for one in report["exercises"]] == ["beta", "alpha"]
    assert "<html" in Path("out.html").read_text()
    assert "Report: out.html\nJSON: out.json\n" in result.stdout


def test_the_html_report_has_a_default_name() -> None:
    put(beta="pass")
    grade(".")
    assert Path("report.html").is_file()


def test_a_report_that_cannot_be_written_ends_with_3_after_the_results() -> None:
    put(beta="pass")
    result = grade(".", "--html", "/dev/full")
    assert result.exit_code == 3
    assert result.stderr == (
        "/dev/full: the Report can't be written (No space left on device); the results above are complete\n"
    )
    assert "1 of 1 point" in result.stdout
    assert progress.load(GOOD)[0].exercises["beta"].score == 1.0


def test_the_next_step_is_the_first_exercise_that_is_not_full() -> None:
    put(beta="pass", zeta="fail", alpha="fail")
    result = grade(".")
    assert "Next: zeta: twice as much (test_it)" in result.stdout
    assert f"grade hint zeta --course {GOOD}\n" in result.stdout
    assert f"grade . --watch --course {GOOD}\n" in result.stdout


def test_the_next_step_of_a_stub_is_its_statement() -> None:
    put(beta="stub")
    assert "Next: beta. Its statement is at the top of beta.py." in grade(".").stdout


def test_the_next_step_of_an_unreadable_file_is_its_problem() -> None:
    Path("beta.py").write_bytes(b"\0")
    assert "beta.py holds a zero byte on line 1" in grade(".").stdout


def test_with_full_marks_there_is_no_next_step() -> None:
    put(beta="pass")
    assert "Next" not in grade(".").stdout


def test_the_isolation_in_force_is_told() -> None:
    put(beta="pass")
    told = grade(".").stdout
    assert "Isolation: process. Seed 7" in told
    assert "No full sandbox: fine for code of your own" in told


def test_no_colour_where_nobody_watches() -> None:
    put(beta="pass", alpha="fail")
    assert "\x1b" not in grade(".").output


def test_open_shows_the_report_in_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    put(beta="pass")
    grade(".", "--open")
    assert opened == [Path("report.html").absolute().as_uri()]


# list and hint


def test_list_shows_what_is_done() -> None:
    put(beta="pass", zeta="fail", delta="pass", alpha="stub")
    grade(".")
    put(delta="fail")
    result = run("list", "--course", str(GOOD))
    assert result.exit_code == 0
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines == [
        "01_first",
        "  beta            ✓ done               Beta",
        "  zeta            ◐ 0 of 1 point       Zeta",
        " " * 39 + "doubling, numbers",
        "02_more",
        "  delta           ✓ done, changed since graded Delta",
        "  alpha           ○ not started        Alpha",
        "",
        "2 of 4 exercises done",
    ]


def test_list_before_anything_was_graded() -> None:
    assert "0 of 4 exercises done" in run("list", "--course", str(GOOD)).stdout


def test_list_survives_damaged_records(tmp_path: Path) -> None:
    put(beta="pass")
    grade(".")
    (file,) = (tmp_path / "state" / "courses").iterdir()
    file.write_text("{")
    result = run("list", "--course", str(GOOD))
    assert (result.exit_code, result.stderr.count("\n")) == (0, 1)
    assert "0 of 4 exercises done" in result.stdout


def test_a_hint_is_one_of_several() -> None:
    assert run("hint", "zeta", "--course", str(GOOD)).stdout == (
        "zeta, hint 1 of 2\nWhat is twice 3?\nStill stuck? grade hint zeta 2\n"
    )
    assert run("hint", "zeta", "2", "--course", str(GOOD)).stdout == ("zeta, hint 2 of 2\nWhich operator multiplies?\n")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["zeta", "3"], "zeta has 2 hints; LEVEL is 1 to 2"),
        (["zeta", "0"], "zeta has 2 hints; LEVEL is 1 to 2"),
        (["zetta"], "no exercise is called 'zetta'; did you mean zeta or beta?"),
        (["qqq"], "no exercise is called 'qqq'; there are beta, zeta, delta, alpha"),
    ],
)
def test_a_hint_that_is_not_there_is_one_line(args: list[str], message: str) -> None:
    result = run("hint", *args, "--course", str(GOOD))
    assert (result.exit_code, result.stderr) == (2, f"grade: {message}\n")


def test_an_exercise_without_hints_points_to_its_statement() -> None:
    result = run("hint", "beta", "--course", str(GOOD))
    assert (result.exit_code, result.stdout) == (
        0,
        "beta has no hints. Its statement is at the top of beta.py.\n",
    )


# Watching


def script(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], None]) -> None:
    """Let each step happen while watching, then Ctrl-C."""

    def changes(paths: Sequence[Path]) -> Iterator[None]:
        for step in steps:
            step()
            yield
        raise KeyboardInterrupt

    monkeypatch.setattr(watch, "changes", changes)


def test_watching_grades_only_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    put(beta="fail", alpha="pass")
    script(
        monkeypatch,
        lambda: put(beta="pass"),
        lambda: put(beta="pass"),  # saved, and the same as before
        lambda: put(zeta="fail"),  # a new one
        lambda: Path("zeta.py").unlink(),
        lambda: put(zeta="fail"),  # it is back
    )
    result = grade(".", "--watch", "--json", "out.json")
    assert result.exit_code == 130
    assert FakeEngine.calls == [["beta", "alpha"], ["beta"], ["zeta"], ["zeta"]]
    report = json.loads(Path("out.json").read_text())
    assert [one["slug"] for one in report["exercises"]] == ["beta", "zeta", "alpha"]
    assert "Total  1 of 2 points" in result.stdout
    assert "Total  2 of 2 points" in result.stdout
    assert "--watch" not in result.stdout


def test_watching_may_start_with_an_empty_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, lambda: put(beta="pass"))
    assert grade(".", "--watch").exit_code == 130
    assert FakeEngine.calls == [["beta"]]


def test_watching_says_each_problem_once(monkeypatch: pytest.MonkeyPatch) -> None:
    put(beta="pass")
    Path("again").mkdir()

    def twice() -> None:
        Path("again/beta.py").write_text("pass")

    script(monkeypatch, twice, twice, lambda: put(alpha="pass"))
    result = grade(".", "--watch")
    assert result.stderr.count("so none is graded") == 1


def test_without_the_library_watching_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "watchfiles", None)
    put(beta="pass")
    result = grade(".", "--watch")
    assert (result.exit_code, result.stderr) == (
        2,
        "grade: --watch needs the extra watch; install it with: pip install 'grader[watch]'\n",
    )
