"""What a stub gives away of its solution."""

from __future__ import annotations

import pytest

from grader.handout.stubs import given_away
from tests.course_files import course

REFERENCE = """
import torch

EPS = 1e-5
half = lambda X: X / 2


class Layer(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size
        self.weight = torch.zeros(size)

    def forward(self, X):
        if X.dim() == 1:
            X = X[None]
        return X * self.weight


def helper(X):
    return X.sum()
"""


def layer(body: str) -> str:
    return f"class Layer:\n    def forward(self, X):\n        {body}\n"


def test_no_stub_of_this_course_gives_anything_away() -> None:
    for exercise in course().exercises:
        assert given_away(exercise.stub.read_text("utf-8"), exercise.solution.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "stub",
    [
        layer("raise NotImplementedError"),
        layer('"""Doc."""\n        raise NotImplementedError("write this")'),
        layer("# return X * self.weight is not here\n        raise NotImplementedError"),
        "EPS = 1e-5\n" + layer("raise NotImplementedError"),
        "class Layer:\n    def __init__(self, size):\n        super().__init__()\n        raise NotImplementedError\n",
        "def other():\n    return 5\n" + layer("raise NotImplementedError"),
    ],
)
def test_a_stub_that_leaves_the_work_is_fine(stub: str) -> None:
    assert given_away(stub, REFERENCE) == []


@pytest.mark.parametrize(
    ("stub", "line", "name"),
    [
        (layer("return X * self.weight"), 3, "Layer.forward"),
        (layer("return X * self.weight\n        raise NotImplementedError"), 3, "Layer.forward"),
        (layer("if X.dim() == 1:\n            raise NotImplementedError"), 3, "Layer.forward"),
        (layer("return self.weight * X"), 2, "Layer.forward"),
        (layer("raise NotImplementedError") + "\n\ndef helper(X):\n    return X.sum()\n", 7, "helper"),
        ("half = lambda X: X / 2\n" + layer("raise NotImplementedError"), 1, "half"),
        ("class Layer:\n    pass\n", 1, ""),
    ],
)
def test_a_stub_that_has_some_of_the_work_is_not(stub: str, line: int, name: str) -> None:
    assert [(one.line, one.name) for one in given_away(stub, REFERENCE)] == [(line, name)]


def test_what_is_given_on_purpose_is_fine() -> None:
    stub = layer("raise NotImplementedError") + "\n\ndef helper(X):\n    return X.sum()\n"
    assert given_away(stub, REFERENCE, ["helper"]) == []
    assert given_away(layer("return X * self.weight"), REFERENCE, ["Layer"])[0].text.startswith("nothing in it raises")
