"""From a wrong submission to the first line that its author reads, through the real engine."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import torch
from rich.console import Console

from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options
from grader.judge.recording import leaves_of, recording
from grader.model import Diagnosis, DiagnosisKind, ExerciseResult, Outcome
from grader.report import terminal
from grader.report.assemble import build_report
from grader.report.html import render
from grader.suite import assert_gradcheck, assert_value
from tests.course_files import course, job_of
from tests.fakes import READY

# exercise, wrong file, check, name, and what the sentence has to say
NAMED = [
    ("matmul", "swapped_gradients", "test_gradient_of_X", "swapped", "is the right gradient of Y"),
    ("matmul", "swapped_gradients", "test_gradient_of_Y", "swapped", "is the right gradient of X"),
    ("matmul", "averaged_over_rows", "test_gradient_of_Y", "divided_by_n", "4 is the number of rows of X"),
    ("matmul", "averaged_over_rows", "test_gradcheck", "divided_by_n", "3 is the number of rows of X"),
    ("matmul", "ignores_incoming_gradient", "test_gradient_of_X", "ignores_incoming_gradient", "is not used"),
    ("matmul", "ignores_incoming_gradient", "test_gradcheck", "ignores_incoming_gradient", "is not used"),
    ("matmul", "no_gradient_for_X", "test_gradient_of_X", "none", "dL/dX is None"),
    ("matmul", "no_gradient_for_X", "test_gradcheck", "zero", "is zero everywhere"),
    ("matmul", "float32_buffer", "test_dtype", "rounded", "the precision of float32"),
    ("linear", "bias_never_added", "test_forward", "bias_missing", "is the expected one without bias"),
    ("linear", "casts_to_float", "test_double", "rounded", "the precision of float32"),
    ("relu", "mask_as_gradient", "test_gradient", "ignores_incoming_gradient", "is not used"),
    ("relu", "mask_forgotten_in_backward", "test_gradient", "unchanged", "dL/dX is grad, unchanged"),
    ("relu", "absolute_value", "test_values", "absolute_value_of_input", "is the absolute value of X"),
    ("cross_entropy", "sum_for_mean", "test_value", "times_n", "7 is the number of rows of H"),
    ("cross_entropy", "divided_by_classes", "test_value", "divided_by_another_size", "the number of columns of H (5)"),
    ("cross_entropy", "sign_forgotten", "test_value", "negated", "with the opposite sign"),
    ("cross_entropy", "softmax_twice", "test_value", "softmax_twice", "when softmax is applied twice"),
    ("cross_entropy", "softmax_over_examples", "test_value", "softmax_over_examples", "over the examples"),
    ("cross_entropy", "one_loss_per_example", "test_value", "not_averaged", "is the mean missing?"),
    ("cross_entropy", "picked_detached", "test_gradient", "label_missing", "the label does not count"),
    ("sgd", "ascent", "test_one_step", "opposite_direction", "in the opposite direction"),
    ("sgd", "learning_rate_ignored", "test_one_step", "step_scaled", "10 times as much"),
]
FILES = sorted({(slug, name) for slug, name, *_ in NAMED})
# Wrong in ways that no explanation fits: nothing may be guessed.
UNNAMED = [
    ("matmul", "forgotten_transpose"),
    ("matmul", "saved_in_another_order"),
    ("matmul", "elementwise_product"),
    ("sequential", "reversed"),
    ("sequential", "every_layer_gets_X"),
    ("relu", "max_over_a_dimension"),
]


def wrong_file(slug: str, name: str) -> Path:
    exercise = course().get(slug)
    assert exercise is not None
    return exercise.solution.parent / "wrong" / f"{name}.py"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(course(), course().slugs, Options(seed=20)) as started:
        yield started


def grade(engine: Engine, *jobs: Job) -> list[ExerciseResult]:
    """The results, with what the numbers tell; mistakes that were recognised are left out here."""
    results = [event.result for event in engine.grade(list(jobs)) if isinstance(event, ExerciseFinished)]
    return [msgspec.structs.replace(result, diagnoses=tuple(_by_numbers(result))) for result in results]


def _by_numbers(result: ExerciseResult) -> list[Diagnosis]:
    return [one for one in result.diagnoses if one.kind is not DiagnosisKind.MISCONCEPTION]


@pytest.fixture(scope="module")
def results(engine: Engine) -> dict[tuple[str, str], ExerciseResult]:
    files = [*FILES, *UNNAMED]
    return dict(zip(files, grade(engine, *(job_of(slug, wrong_file(slug, name)) for slug, name in files)), strict=True))


def told(result: ExerciseResult, check: str) -> Diagnosis:
    (found,) = [d for d in result.diagnoses if d.check == check]
    assert found.kind is DiagnosisKind.GRADIENT
    return found


@pytest.mark.parametrize(("slug", "file", "check", "name", "words"), NAMED)
def test_the_mistake_of_a_wrong_file_is_named(
    slug: str, file: str, check: str, name: str, words: str, results: dict[tuple[str, str], ExerciseResult]
) -> None:
    found = told(results[slug, file], check)
    assert found.name == name
    assert words in found.text


@pytest.mark.parametrize(("slug", "file"), FILES)
def test_it_is_the_first_line_of_its_check_on_the_terminal_and_in_the_report(
    slug: str, file: str, results: dict[tuple[str, str], ExerciseResult]
) -> None:
    result = results[slug, file]
    shown = io.StringIO()
    terminal.show_exercises(Console(file=shown, width=2000, highlight=False), [result])
    lines = [line.strip() for line in shown.getvalue().splitlines()]
    page = render(build_report([result], READY, "", 0.0))
    for diagnosis in result.diagnoses:
        (check,) = [c for c in result.checks if c.id == diagnosis.check]
        at = next(n for n, line in enumerate(lines) if re.sub(r"\s+", " ", check.title) in line and "failed" in line)
        assert lines[at + 1] == diagnosis.text
        body = page[page.index(f'id="exercise-{slug}-{result.checks.index(check) + 1}"') :]
        body = re.sub(r"<[^>]*>", "", body[body.index('class="check-body">') + len('class="check-body">') :])
        plain = diagnosis.text.replace("`", "")
        assert html.unescape(body).strip().startswith(plain)


@pytest.mark.parametrize(("slug", "file"), UNNAMED)
def test_what_nothing_explains_is_not_explained(
    slug: str, file: str, results: dict[tuple[str, str], ExerciseResult]
) -> None:
    assert any(c.outcome is Outcome.FAILED for c in results[slug, file].checks)
    assert results[slug, file].diagnoses == ()


def test_a_second_submission_is_told_the_same(engine: Engine, results: dict[tuple[str, str], ExerciseResult]) -> None:
    (again,) = grade(engine, job_of("matmul", wrong_file("matmul", "swapped_gradients")))
    assert again.diagnoses == results["matmul", "swapped_gradients"].diagnoses


def test_names_that_only_the_suite_uses_are_not_shown(engine: Engine) -> None:
    path = wrong_file("cross_entropy", "sum_for_mean")
    source = re.sub(r"\bH\b", "scores", re.sub(r"\bY\b", "labels", path.read_text("utf-8")))
    (result,) = grade(engine, Job(slug="cross_entropy", file="cross_entropy.py", sha256="", source=source))
    text = told(result, "test_value").text
    assert "7 is the number of rows of an input" in text
    assert " of H and" not in text
    assert " of Y" not in text


def test_a_diagnosis_costs_no_points_and_says_nothing_of_ready_made_parts(
    results: dict[tuple[str, str], ExerciseResult],
) -> None:
    result = results["matmul", "averaged_over_rows"]
    assert result.diagnoses
    assert result.score == sum(c.score for c in result.checks) > 0
    assert result.problem == ""


def test_a_kept_result_of_an_earlier_call_is_named(engine: Engine) -> None:
    source = """
import torch
from torch import nn


class CrossEntropyLoss(nn.Module):
    kept = None

    def forward(self, H, Y):
        if self.kept is None:
            self.kept = (torch.logsumexp(H, dim=1) - H[torch.arange(len(Y)), Y]).mean()
        return self.kept
"""
    (result,) = grade(engine, Job(slug="cross_entropy", file="cross_entropy.py", sha256="", source=source))
    assert told(result, "test_value").name == "stale"


# ---- recordings ----


def test_a_recording_sees_what_is_compared_and_differentiated() -> None:
    X = torch.randn(3, 4, requires_grad=True)  # noqa: N806
    Y = torch.randn(4, 2, requires_grad=True)  # noqa: N806
    incoming = torch.randn(3, 2)
    before = (torch.autograd.grad, torch.Tensor.backward, torch.testing.assert_close)
    with recording(__file__) as made:
        (X @ Y).backward(incoming)
        assert X.grad is not None
        assert_value(X.grad, incoming @ Y.detach().T, of="dL/dX")
        torch.testing.assert_close(Y.grad, X.detach().T @ incoming)
    assert (torch.autograd.grad, torch.Tensor.backward, torch.testing.assert_close) == before
    assert [c.of for c in made.comparisons] == ["dL/dX", "The result"]
    assert {name for name, _ in made.gradients} == {"X", "Y"}
    assert {name for name, _ in made.comparisons[0].inputs} >= {"X", "Y", "incoming"}
    ones = torch.ones(3, 2) @ Y.detach().T
    assert any(torch.allclose(t, ones) for t in made.ignoring if t.shape == ones.shape)


def test_a_recording_ends_with_an_error_and_leaves_torch_as_it_was() -> None:
    before = torch.autograd.grad
    with pytest.raises(ValueError, match="stop"), recording(__file__):
        raise ValueError("stop")
    assert torch.autograd.grad is before


def test_gradcheck_and_backward_inside_of_torch_are_not_recorded() -> None:
    X = torch.randn(3, dtype=torch.float64, requires_grad=True)  # noqa: N806
    with recording(__file__) as made:
        assert_gradcheck(lambda X: X.sin(), (X,), names=("X",))  # noqa: N803
    assert made.gradients == []


def test_the_leaves_of_a_result() -> None:
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    assert {id(t) for t in leaves_of((a * b + a).sum())} == {id(a), id(b)}
    assert leaves_of(torch.ones(2)) == []


# ---- a course that uses torch's own assertions ----

FEEDBACK = Course.load(Path(__file__).parents[1] / "courses" / "feedback")


@pytest.fixture(scope="module")
def toy_engine() -> Iterator[Engine]:
    with Engine(FEEDBACK, ["toy", "unsound"], Options(seed=1)) as started:
        yield started


def toy(slug: str, change: tuple[str, str]) -> Job:
    exercise = FEEDBACK.get(slug)
    assert exercise is not None
    source = exercise.solution.read_text("utf-8")
    assert change[0] in source
    return Job(slug=slug, file=f"{slug}.py", sha256="", source=source.replace(*change))


def test_assertions_of_torch_are_diagnosed_as_well(toy_engine: Engine) -> None:
    negated, halved = grade(
        toy_engine, toy("toy", ("return 2 * x\n", "return -2 * x\n")), toy("toy", ("return 2 * x * g", "return x * g"))
    )
    assert told(negated, "test_assert_close").name == "negated"
    assert told(negated, "test_assert_close_of_a_number").name == "negated"
    assert told(halved, "test_plain_gradcheck").name == "halved"
    assert told(halved, "test_gradcheck").text.startswith("The gradient of X is half the expected one")


def test_a_hidden_value_is_in_no_diagnosis(toy_engine: Engine) -> None:
    changes = ("-2 * x", "x", "0 * x", "4 * x", "2 * x + 0.5", "x * x", "2 * x.abs()", "1 / (2 * x)")
    results = grade(toy_engine, *(toy("toy", ("return 2 * x\n", f"return {new}\n")) for new in changes))
    texts = [d.text for result in results for d in result.diagnoses]
    assert len(texts) >= len(changes)
    hidden = re.search(r"HIDDEN = ([\d.]+)", (FEEDBACK.root / "solutions/01_all/toy/test_toy.py").read_text("utf-8"))
    assert hidden is not None
    for value in (float(hidden[1]), 2 * float(hidden[1])):
        assert not [text for text in texts if f"{value:.6g}"[:4] in text]


def test_an_error_of_the_suite_is_not_diagnosed(toy_engine: Engine) -> None:
    exercise = FEEDBACK.get("unsound")
    assert exercise is not None
    source = exercise.solution.read_text("utf-8")
    (result,) = grade(toy_engine, Job(slug="unsound", file="unsound.py", sha256="", source=source))
    assert Outcome.INTERNAL_ERROR in {c.outcome for c in result.checks}
    assert result.diagnoses == ()
