"""What a student is told, and what counts, for every way in which a check can end."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import Course
from grader.engine import CheckFinished, Engine, ExerciseFinished, Job, Options, Ready
from grader.model import DiagnosisKind, ExerciseResult, Outcome, Status

COURSE = Path(__file__).parent.parent / "courses" / "feedback"
RIGHT = (COURSE / "solutions" / "01_all" / "toy" / "toy.py").read_text()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    course = Course.load(COURSE)
    assert not course.problems
    with Engine(course, course.slugs, Options(seed=7)) as started:
        yield started


def grade(engine: Engine, source: str, slug: str = "toy") -> ExerciseResult:
    job = Job(slug=slug, file=f"{slug}.py", sha256=hashlib.sha256(source.encode()).hexdigest(), source=source)
    events = list(engine.grade([job]))
    assert isinstance(events[0], Ready)
    finished = events[-1]
    assert isinstance(finished, ExerciseFinished)
    told = [event.check for event in events if isinstance(event, CheckFinished)]
    if told:
        assert tuple(told) == finished.result.checks
    return finished.result


def outcomes(result: ExerciseResult) -> dict[str, Outcome]:
    return {check.id: check.outcome for check in result.checks}


def with_change(old: str, new: str) -> str:
    assert old in RIGHT
    return RIGHT.replace(old, new, 1)


TRIPLE = with_change("return 2 * x", "return 3 * x")


def test_the_reference_solution_gets_full_marks(engine: Engine) -> None:
    result = grade(engine, RIGHT)
    assert result.status is Status.PASSED
    assert result.score == result.max_score == 19
    assert result.problem == ""
    assert all(check.message == check.hint == check.call == "" for check in result.checks)


def test_titles_ids_and_points_come_from_the_suite(engine: Engine) -> None:
    checks = {check.id: check for check in grade(engine, RIGHT).checks}
    assert checks["test_helper"].title == "The value is doubled"
    assert checks["test_without_docstring"].title == "without docstring"
    assert checks["test_many[1]"].title == "One check for each size"
    assert checks["TestClass::test_in_a_class"].title == "A check in a class"
    assert checks["test_dependent"].max_score == 3


@pytest.mark.parametrize(
    ("source", "check", "outcome", "message"),
    [
        (TRIPLE, "test_helper", "failed", r"The double has wrong values\. All its elements differ; the worst is at \["),
        (TRIPLE, "test_plain_assert", "failed", r"^The promise in the title does not hold\.$"),
        (TRIPLE, "test_assert_with_text", "failed", r"^double\(x\) should be twice x$"),
        (TRIPLE, "test_assert_close", "failed", r"The result has wrong values\. All its elements differ; .*\[0\]"),
        (TRIPLE, "test_assert_close_of_a_number", "failed", r"^The result is off by 4\.24e\+05; "),
        (TRIPLE, "test_dependent", "skipped", r"^Not run: it builds on “The value is doubled”\.$"),
        (TRIPLE, "test_fails_by_itself", "failed", r"^twice one is two$"),
        (
            with_change("return 2 * x * g", "return x * g"), "test_plain_gradcheck", "failed",
            r"^The gradient of the first input does not agree with finite differences: every element differs",
        ),
        (
            with_change("return 2 * x * g", "return x * g"), "test_gradcheck", "failed",
            r"^The gradient of X does not agree with finite differences: .* the worst at \[\d, \d\]",
        ),
        (
            with_change("return 2 * x * g", "return 0 * g"), "test_gradcheck", "failed",
            r"^The gradient of X is zero everywhere",
        ),
        (
            with_change("return 2 * x * g", "return (2 * x * g).sum()"), "test_gradcheck", "raised",
            r"invalid gradient",
        ),
        (
            with_change("return x * self.weight", "return (x * self.weight).detach()"), "test_gradient", "failed",
            r"^No gradient can flow: the result does not depend on anything that requires a gradient",
        ),
        (
            with_change("return x * self.weight", "return x * self.weight.detach() + 0 * self.weight * x.new_zeros(2)"),
            "test_gradient", "failed", r"^dL/dweight has wrong values",
        ),
        (
            with_change('raise ValueError("negative")', "pass"), "test_raises", "failed",
            r"^This call should raise ValueError, but it returned normally\.$",
        ),
        (
            with_change('raise ValueError("negative")', 'raise TypeError("n < 0")'), "test_raises", "raised",
            r"^Your code raised TypeError: n < 0$",
        ),
        (
            with_change("return 2 * x", "return x.mul_(2)"), "test_unchanged", "failed",
            r"^Your code changes X, which belongs to the caller: 3 of its 3 elements",
        ),
        (
            with_change("return 2 * x", "pass"), "test_helper", "failed",
            r"^The double is None\. Is a `return` missing\?$",
        ),
        (
            with_change("return 2 * x", "pass"), "test_stops", "failed",
            r"^The check could not go on with what your code returned: 'NoneType' object has no attribute 'shape'\.$",
        ),
        (
            with_change("return 2 * x", "return (2 * x).double()"), "test_helper", "failed",
            r"^The double has dtype float64, expected float32\.$",
        ),
        (
            with_change("return 2 * x", "return (2 * x)[0]"), "test_helper", "failed",
            r"^The double has shape \(3,\), expected \(2, 3\)\.$",
        ),
        (
            with_change("return 2 * x", "return [x]"), "test_helper", "failed",
            r"^The double should be a tensor, but it is a list of length 1\.$",
        ),
        (
            with_change("return 2 * x", "return Layer()"), "test_helper", "failed",
            r"^The double should be a tensor, but it is a Layer\.$",
        ),
        (
            with_change("return 2 * x", "return x / 0"), "test_helper", "failed",
            r"^The double has 6 of 6 elements that are infinite, the first at \[0, 0\]\.$",
        ),
        (
            with_change("return 2 * x", "return x * float('nan')"), "test_helper", "failed",
            r"6 of 6 elements that are NaN",
        ),
        (
            with_change("def double", "def Double"), "test_helper", "failed",
            r"^toy\.py defines no `double`\. It defines `Double`: is that what you mean\?$",
        ),
        (
            with_change("self.weight = nn.Parameter", "self.weights = nn.Parameter"), "test_gradient", "raised",
            r"^Your code raised AttributeError: 'Layer' object has no attribute 'weight'",
        ),
        (with_change("return 2 * x", "raise NotImplementedError"), "test_helper", "not_implemented", r"line 6"),
        (
            with_change("return 2 * x", "return undefined"), "test_helper", "raised",
            r"^Your code raised NameError: name 'undefined' is not defined$",
        ),
        (
            with_change("return 2 * x", "return torch.ones(10**12)"), "test_helper", "out_of_memory",
            r"^Your code asked for more memory than it may use\.$",
        ),
        (
            with_change("return 2 * x", "return [0] * 10**12"), "test_helper", "out_of_memory",
            r"more memory",
        ),
        (
            with_change("return 2 * x", "import os; os._exit(0)"), "test_helper", "crashed",
            r"ended the Python process \(exit status 0\)",
        ),
        (with_change("return 2 * x", "import os; os.abort()"), "test_helper", "crashed", r"aborted"),
        (
            with_change("return 2 * x", "import ctypes; ctypes.string_at(0)"), "test_helper", "crashed",
            r"segmentation fault",
        ),
        (with_change("return 2 * x", "raise SystemExit(0)"), "test_helper", "raised", r"SystemExit: 0"),
        (with_change("return 2 * x", "raise KeyboardInterrupt"), "test_helper", "raised", r"KeyboardInterrupt"),
    ],
)  # fmt: skip
def test_a_student_reads_what_went_wrong(engine: Engine, source: str, check: str, outcome: str, message: str) -> None:
    found = next(c for c in grade(engine, source).checks if c.id == check)
    assert found.outcome.value == outcome, found
    assert re.search(message, found.message), found.message
    assert found.score == 0


def test_a_failure_says_what_was_called_what_came_back_and_one_hint(engine: Engine) -> None:
    check = grade(engine, TRIPLE).checks[0]
    assert check.call == "double(float32 (2, 3))"
    assert check.got == check.expected == "float32 tensor of shape (2, 3)"
    assert check.hint == "What is twice a number?"
    assert check.figure is not None
    assert check.figure.shape == (2, 3)


def test_nothing_of_the_suite_or_its_values_is_in_a_message(engine: Engine) -> None:
    for source in (TRIPLE, with_change("return 2 * x", "return x"), with_change("return 2 * x", "return None")):
        result = grade(engine, source)
        for check in result.checks:
            said = " ".join((check.message, check.got, check.expected, check.hint, check.call))
            for secret in ("HIDDEN", "424242", "848485", "assert ", "test_toy", "solutions", str(COURSE)):
                assert secret not in said, (check.id, said)


@pytest.mark.parametrize("check", ["test_helper", "test_assert_close", "test_dependent"])
def test_overwriting_the_input_so_that_the_expected_value_changes_earns_nothing(engine: Engine, check: str) -> None:
    result = grade(engine, with_change("return 2 * x", "x.data.zero_(); return torch.zeros_like(x)"))
    found = next(c for c in result.checks if c.id == check)
    assert found.outcome in (Outcome.FAILED, Outcome.SKIPPED)
    if check == "test_helper":
        assert found.message == "The result is right only because your code overwrites the tensors that it is given."


def test_overwriting_the_input_costs_only_where_it_matters(engine: Engine) -> None:
    result = grade(engine, with_change("return 2 * x", "y = 2 * x; x.data.zero_(); return y"))
    assert outcomes(result)["test_many[1]"] is Outcome.PASSED
    assert outcomes(result)["test_unchanged"] is Outcome.FAILED


def test_frames_show_the_students_own_lines(engine: Engine) -> None:
    source = with_change(
        "    return 2 * x", "    y = helper(x)\n    return y\n\n\ndef helper(x):\n    return x.no_such()"
    )
    check = grade(engine, source).checks[0]
    assert [(f.file, f.line, f.function) for f in check.frames] == [("toy.py", 6, "double"), ("toy.py", 11, "helper")]
    last = check.frames[-1]
    assert last.excerpt[last.line - last.first_line].strip() == "return x.no_such()"


def test_lines_are_counted_as_python_counts_them(engine: Engine) -> None:
    source = "# a form feed \x0c and a separator \u2028 end no line\r\n" + with_change(
        "return 2 * x", "return x.no_such()"
    )
    frame = grade(engine, source).checks[0].frames[-1]
    assert frame.excerpt[frame.line - frame.first_line].strip() == "return x.no_such()"


def test_what_the_student_printed_belongs_to_the_check_that_printed_it(engine: Engine) -> None:
    source = with_change("    return 2 * x", "    print('shape', tuple(x.shape))\n    return 2 * x")
    checks = {c.id: c for c in grade(engine, source).checks}
    assert checks["test_helper"].output == "shape (2, 3)\n"
    assert checks["test_raises"].output == ""
    assert checks["test_many[2]"].output == "shape (2,)\n"


def test_much_output_is_cut_and_costs_nothing(engine: Engine) -> None:
    source = with_change("    return 2 * x", "    print('x' * 200_000)\n    return 2 * x")
    result = grade(engine, source)
    assert result.status is Status.PASSED
    assert len(result.checks[0].output) == 65_536
    assert result.checks[0].output_cut


def test_endless_printing_is_stopped_and_the_other_checks_are_graded(engine: Engine) -> None:
    source = with_change("    return 2 * x", "    while x.shape == (2, 3): print('again' * 1000)\n    return 2 * x")
    result = grade(engine, source)
    assert outcomes(result)["test_helper"] is Outcome.TOO_MUCH_OUTPUT
    assert "printed more than 10 MiB" in result.checks[0].message
    assert outcomes(result)["test_plain_assert"] is Outcome.PASSED


def test_an_endless_loop_times_out_and_the_other_checks_are_graded(engine: Engine) -> None:
    source = with_change("    return 2 * x", "    while x.shape == (2, 3): pass\n    return 2 * x")
    result = grade(engine, source)
    assert outcomes(result)["test_helper"] is Outcome.TIMED_OUT
    assert "Not finished after 5 seconds" in result.checks[0].message
    passed = [o for o in outcomes(result).values() if o is Outcome.PASSED]
    assert len(passed) == len(result.checks) - 2


def test_deep_recursion_is_an_exception_like_any_other(engine: Engine) -> None:
    result = grade(engine, with_change("    return 2 * x", "    return double(x)"))
    assert result.checks[0].outcome is Outcome.RAISED
    assert "RecursionError" in result.checks[0].message
    assert len(result.checks[0].frames) <= 20


def test_a_warning_costs_nothing(engine: Engine) -> None:
    source = with_change("    return 2 * x", "    import warnings\n    warnings.warn('old')\n    return 2 * x")
    assert grade(engine, source).status is Status.PASSED


def test_a_syntax_error_is_told_once_with_its_line(engine: Engine) -> None:
    result = grade(engine, with_change("return 2 * x", "return 2 * ("))
    first, *others = result.checks
    assert (first.outcome, result.score) == (Outcome.RAISED, 0)
    assert first.message == "Python cannot read line 6: '(' was never closed."
    assert first.frames[-1].line == 6
    assert first.hint == ""
    assert {c.outcome for c in others} == {Outcome.SKIPPED}
    assert {c.message for c in others} == {"Not run: your file could not be imported."}


def test_an_exception_during_import_is_told_once(engine: Engine) -> None:
    result = grade(engine, RIGHT + "\nundefined\n")
    assert result.checks[0].outcome is Outcome.RAISED
    assert "NameError" in result.checks[0].message
    assert {c.outcome for c in result.checks[1:]} == {Outcome.SKIPPED}
    assert result.status is Status.FAILED
    assert grade(engine, "def double(x): return 2 * x", "unsound").checks[0].outcome is Outcome.PASSED


def test_a_loop_during_import_times_out_once(engine: Engine) -> None:
    result = grade(engine, "while True: pass")
    assert [c.outcome for c in result.checks][:2] == [Outcome.TIMED_OUT, Outcome.SKIPPED]


def test_an_empty_file_defines_nothing(engine: Engine) -> None:
    result = grade(engine, "")
    assert result.status is Status.FAILED
    assert result.score == 0
    assert result.checks[0].message == "toy.py defines no `double`."


def test_an_untouched_stub_is_not_attempted(engine: Engine) -> None:
    source = "".join(f"def {name}(*a): raise NotImplementedError\n" for name in ("double", "Layer", "validate"))
    source += (
        RIGHT[RIGHT.index("class Square") :]
        .replace("return x * x", "raise NotImplementedError")
        .replace('raise ValueError("negative")', "raise NotImplementedError")
    )
    result = grade(engine, "import torch\n" + source)
    assert result.status is Status.NOT_ATTEMPTED
    assert result.score == 0


def test_a_check_that_refuses_the_reference_solution_leaves_the_exercise_ungraded(engine: Engine) -> None:
    assert grade(engine, "def double(x): return 2 * x", "unsound").status is Status.UNGRADED
    result = grade(engine, "def double(x): return 3 * x", "unsound")
    assert [c.outcome for c in result.checks] == [Outcome.FAILED, Outcome.INTERNAL_ERROR]
    assert result.status is Status.UNGRADED
    assert "no fault of yours" in result.problem


def test_a_suite_that_asks_for_what_cannot_cross_leaves_the_exercise_ungraded(engine: Engine) -> None:
    assert grade(engine, "def double(x): return 2 * x", "broken").status is Status.UNGRADED


def test_a_suite_that_cannot_be_collected_leaves_its_exercise_ungraded_and_no_other(engine: Engine) -> None:
    result = grade(engine, "def double(x): return 2 * x", "uncollectable")
    assert result.status is Status.UNGRADED
    assert "cannot be collected" in result.problem
    assert grade(engine, RIGHT).status is Status.PASSED


def test_a_forbidden_function_earns_no_points_and_is_named_with_its_line(engine: Engine) -> None:
    source = RIGHT + "\nfrom torch import special\n\n\ndef sneaky(x):\n    return special.expit(x)\n"
    result = grade(engine, source)
    assert result.status is Status.FAILED
    assert result.score == 0
    assert result.max_score == 19
    assert {c.outcome for c in result.checks} == {Outcome.PASSED}
    (diagnosis,) = [d for d in result.diagnoses if d.line == len(source.splitlines())]
    assert diagnosis.kind is DiagnosisKind.FORBIDDEN_API
    assert "torch.special.expit" in diagnosis.text
    assert "No points" in result.problem


def test_a_file_that_cannot_be_read_is_reported_and_not_run(engine: Engine) -> None:
    job = Job(slug="toy", file="toy.py", sha256="0" * 64, source=None, problem="toy.py is not UTF-8")
    (finished,) = [e for e in engine.grade([job]) if isinstance(e, ExerciseFinished)]
    assert finished.result.problem == "toy.py is not UTF-8"
    assert {c.outcome for c in finished.result.checks} == {Outcome.SKIPPED}
    assert finished.result.status is Status.FAILED


def test_one_seed_gives_one_result(engine: Engine) -> None:
    def brief(result: ExerciseResult) -> list[tuple[str, ...]]:
        return [(c.id, c.outcome, c.message, c.call, str(c.figure), c.output) for c in result.checks]

    source = with_change("return 2 * x", "print(torch.rand(1).item()); return 2 * x + 0.001 * torch.rand_like(x)")
    assert brief(grade(engine, source)) == brief(grade(engine, source))
