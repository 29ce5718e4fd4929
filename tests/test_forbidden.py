"""What counts as using a ready-made version, and what must never."""

from __future__ import annotations

import sys
import textwrap
import time
from pathlib import Path

import pytest

from grader.forbidden import FINDINGS_MAX, findings, public_names
from grader.model import DiagnosisKind

LINEAR = ("torch.nn.Linear", "torch.nn.functional.linear", "torch.nn.Bilinear")
RELU = ("torch.relu", "torch.nn.functional.relu", "torch.nn.ReLU", "torch.Tensor.relu")
SEQUENTIAL = ("torch.nn.Sequential",)
SGD = ("torch.optim",)
MATMUL = ("torch.autograd.grad", "torch.autograd.backward", "torch.Tensor.backward", "torch.func")
EVERYTHING = LINEAR + RELU + SEQUENTIAL + SGD + MATMUL


def found(source: str, names: tuple[str, ...] = EVERYTHING, required: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    source = textwrap.dedent(source).strip("\n")
    return [(one.line, one.name) for one in findings(source, names, "Build it.", required=required)]


def cases(name: str) -> dict[str, str]:
    """The programs of a data file by their headings."""
    text = (Path(__file__).parent / "forbidden" / name).read_text(encoding="utf-8")
    blocks = (block.partition("\n") for block in text.removeprefix("### ").split("\n\n### "))
    return {heading: source for heading, _, source in blocks}


USES = cases("uses.txt")
HONEST = cases("honest.txt")


@pytest.mark.parametrize("heading", USES)
def test_a_ready_made_version_is_found_however_it_is_spelled(heading: str) -> None:
    assert [name for _, name in found(USES[heading])] == [heading.partition(" -> ")[2]]


@pytest.mark.parametrize("heading", HONEST)
def test_honest_code_is_never_accused(heading: str) -> None:
    assert found(HONEST[heading]) == []


def test_the_finding_says_where_what_and_what_to_do() -> None:
    (one,) = findings("import torch\n\n\ny = torch.relu(3)\n", RELU, "Build it from torch.maximum.")
    assert (one.kind, one.line, one.name, one.check) == (DiagnosisKind.FORBIDDEN_API, 4, "torch.relu", "")
    assert one.text == (
        "torch.relu is the ready-made version, which this exercise asks you to write yourself. "
        "Build it from torch.maximum."
    )


def test_backward_of_a_result_is_found_beside_an_own_backward() -> None:
    source = """
        import torch
        class MatMul(torch.autograd.Function):
            @staticmethod
            def forward(ctx, X, Y):
                return X @ Y
            @staticmethod
            def backward(ctx, grad):
                Z = X.detach().requires_grad_() @ Y
                Z.backward(grad)
                X.mm(Y).sum().backward()
                Q: torch.Tensor = X
                return X.grad, Y.grad
        def check(loss: torch.Tensor):
            loss.backward()
    """
    assert found(source, MATMUL) == [
        (9, "torch.Tensor.backward"),
        (10, "torch.Tensor.backward"),
        (14, "torch.Tensor.backward"),
    ]


def test_only_the_longest_name_of_a_chain_is_reported() -> None:
    assert found("from torch import optim\nx = optim.SGD.step.__doc__", SGD) == [(2, "torch.optim.SGD.step.__doc__")]
    assert found("from torch import optim\nx = getattr(optim, 'SGD')", SGD) == [(2, "torch.optim.SGD")]


def test_each_line_is_reported_once_and_in_order() -> None:
    source = "import torch\n" + "y = torch.relu(torch.relu(3))\n" * 3
    assert found(source) == [(2, "torch.relu"), (3, "torch.relu"), (4, "torch.relu")]


def test_the_number_of_findings_is_bounded() -> None:
    assert len(found("import torch\n" + "torch.relu(3)\n" * 1000)) == FINDINGS_MAX


@pytest.mark.parametrize(
    "source",
    [
        "from torch.nn import Linear",
        "from torch.nn import Linear\nclass Helper:\n    pass",
        "from torch.nn import *",
        "from torch.nn import Linear\nif __name__ == '__main__':\n    print(Linear(3, 4))",
        "if flag:\n    from torch.nn import Linear",
    ],
)
def test_what_the_exercise_asks_for_must_not_be_an_import(source: str) -> None:
    assert [name for _, name in found(source, LINEAR, required=("Linear",))] == ["torch.nn.Linear"]
    assert found(source + "\nclass Linear:\n    pass\n", LINEAR, required=("Linear",)) in (
        [],
        [(2, "torch.nn.Linear")],
    )


def test_a_starred_package_can_stand_for_what_is_asked() -> None:
    assert found("from torch.optim import *", SGD, required=("SGD",)) == [(1, "torch.optim.SGD")]
    assert found("from torch.optim import *\nclass SGD:\n    pass", SGD, required=("SGD",)) == []


def test_without_a_list_a_lone_imported_class_counts_as_the_solution() -> None:
    assert found("from torch.nn import Linear") == [(1, "torch.nn.Linear")]
    assert found("from torch.nn import Linear\nclass Helper:\n    pass") == []


def test_public_names_are_those_of_the_top_level() -> None:
    assert public_names("import x\nclass A:\n    def b(self): ...\ndef c(): ...\ndef _d(): ...\ne = 1") == {
        "A",
        "c",
    }
    assert public_names("def (") == frozenset()


HOSTILE = {
    "not Python": "def (:",
    "NUL": "x = 1\0",
    "parentheses": "(" * 5000 + ")" * 5000,
    "long sum": "import torch\ny = torch.relu(x)\nz = " + "1+" * 5000 + "1",
    "long chain": "x = a" + ".b" * 50_000,
    "long calls": "x = a" + ".b()" * 5000,
    "nested lists": "x = " + "[" * 150 + "]" * 150,
    "nested lambdas": "x = " + "lambda: " * 500 + "1",
    "unary": "x = " + "-" * 20_000 + "1",
    "elif": "if a: pass\n" + "elif b: pass\n" * 5000,
    "surrogate": "x = '\ud800'",
    "empty": "",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_source_never_raises(source: str) -> None:
    assert findings(source, EVERYTHING) in ([], findings("import torch\ny = torch.relu(x)", EVERYTHING))


@pytest.mark.parametrize(
    "padding",
    [
        "z = " + "1+" * 600 + "1",
        "z = a" + ".b()" * 300,
        "z = " + "[" * 90 + "]" * 90,
        "z = " + "lambda: " * 100 + "1",
        "if a: pass\n" + "elif b: pass\n" * 300,
    ],
)
def test_a_deep_expression_does_not_hide_what_comes_after_or_inside(padding: str) -> None:
    source = f"import torch\n{padding}\ny = torch.relu(x)"
    assert [name for _, name in found(source)] == ["torch.relu"]
    inside = "import torch\ny = " + "-(" * 80 + "torch.relu(x)" + ")" * 80
    assert found(inside) == [(2, "torch.relu")]


def test_the_bottom_of_a_long_chain_is_seen() -> None:
    source = "import torch\ny = torch.relu(x)" + ".abs()" * 300
    assert found(source) == [(2, "torch.relu")]


@pytest.mark.parametrize(
    "unit",
    [
        "x = torch.nn.functional.y(x)\n",
        "if a:\n    b = torch\n",
        "def f(a, b=torch): return a.b.c(b)\n",
        "x = [n.Q for n in (torch, y) if (z := n)]\n",
        "x = a" + ".b()" * 500 + "\n",
        "x = " + "1+" * 500 + "1\n",
    ],
)
def test_a_file_of_the_largest_size_takes_a_bounded_time(unit: str) -> None:
    source = "import torch\n" + unit * (256 * 1024 // len(unit))
    before = time.process_time()
    findings(source, EVERYTHING)
    assert time.process_time() - before < 20


def test_syntax_warnings_of_a_submission_are_not_ours() -> None:
    # The test run turns each warning into an error.
    assert findings("x = '\\d'\nassert (x, 1)\n", EVERYTHING) == []


def test_the_recursion_limit_is_left_alone() -> None:
    limit = sys.getrecursionlimit()
    findings("x = " + "-" * 3000 + "1", EVERYTHING)
    assert sys.getrecursionlimit() == limit
