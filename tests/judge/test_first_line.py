"""The commonest mistakes, in a student's own words: the report opens with the mistake, not with what it led to."""

from __future__ import annotations

import html
import io
import re

import pytest
from rich.console import Console

from grader.engine import Engine, ExerciseFinished, Job, Options
from grader.model import ExerciseResult
from grader.report import terminal
from grader.report.assemble import build_report
from grader.report.html import render
from tests.course_files import course
from tests.fakes import READY

SWAPPED = """
import torch


class MatMul(torch.autograd.Function):
    @staticmethod
    def forward(ctx, left, right):
        ctx.save_for_backward(left, right)
        return torch.matmul(left, right)

    @staticmethod
    def backward(ctx, upstream):
        left, right = ctx.saved_tensors
        to_left = torch.matmul(upstream, right.transpose(0, 1))
        to_right = torch.matmul(left.transpose(0, 1), upstream)
        return to_right, to_left
"""
NO_MEAN = """
import torch


class CrossEntropyLoss(torch.nn.Module):
    def forward(self, scores, labels):
        total = 0.0
        normalisers = torch.logsumexp(scores, dim=-1)
        for row, label in enumerate(labels):
            total = total + normalisers[row] - scores[row, label]
        return total
"""
PLAIN_LIST = """
import torch.nn as nn


class Sequential(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        self.steps = [module for module in modules]

    def forward(self, value):
        for step in self.steps:
            value = step(value)
        return value
"""
MISTAKES = {
    "matmul": (SWAPPED, "This looks like: swapped gradients", "which of them belongs to which input?"),
    "cross_entropy": (NO_MEAN, "This looks like: sum for mean", "Should the loss double?"),
    "sequential": (PLAIN_LIST, "This looks like: python list", "Is a Python list a module?"),
}


@pytest.fixture(scope="module")
def results() -> dict[str, ExerciseResult]:
    jobs = [Job(slug=slug, file=f"{slug}.py", sha256="", source=source) for slug, (source, *_) in MISTAKES.items()]
    with Engine(course(), list(MISTAKES), Options(seed=31)) as engine:
        finished = [event.result for event in engine.grade(jobs) if isinstance(event, ExerciseFinished)]
    return {result.slug: result for result in finished}


@pytest.mark.parametrize(("slug", "heading", "question"), [(slug, *texts) for slug, (_, *texts) in MISTAKES.items()])
def test_the_first_line_on_the_terminal_names_the_mistake(
    slug: str, heading: str, question: str, results: dict[str, ExerciseResult]
) -> None:
    shown = io.StringIO()
    terminal.show_exercises(Console(file=shown, width=2000, highlight=False), [results[slug]])
    head, first, *_ = (line.strip() for line in shown.getvalue().splitlines() if line.strip())
    assert slug in head
    assert first.startswith(f"{heading}. ")
    assert question in first


@pytest.mark.parametrize(("slug", "heading", "question"), [(slug, *texts) for slug, (_, *texts) in MISTAKES.items()])
def test_the_first_lines_below_an_exercise_of_the_report_name_the_mistake(
    slug: str, heading: str, question: str, results: dict[str, ExerciseResult]
) -> None:
    page = render(build_report([results[slug]], READY, "", 0.0))
    section = page[page.index(f'id="exercise-{slug}"') : page.index(f'id="exercise-{slug}-1"')]
    text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", section)))
    assert heading in text
    assert question in text
    assert text.index(heading) < text.index(question)
