"""What the operators make of small solutions, and what holds for every mutant."""

from __future__ import annotations

import ast
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.course import Exercise
from grader.proof import mutants as module
from grader.proof.mutants import OPERATORS, Mutant, changed_lines, mutants
from grader.proof.score import mutants_of
from tests.course_files import course

# operator, the body of a method, and the lines that its mutants put there: all of them, in order. A line that goes
# and has none in its place is "".
TABLE: list[tuple[str, str, list[str]]] = [
    ("arithmetic", "return X + Y", ["return X - Y"]),
    ("arithmetic", "return X * (Y - 1)", ["return X / (Y - 1)", "return X * (Y + 1)"]),
    ("arithmetic", "X -= Y", ["X += Y"]),
    ("operand", "return X * Y + b", ["return b", "return X * Y", "return Y + b", "return X + b"]),
    ("operand", "return -X", ["return X"]),
    ("operand", "return X and Y", ["return Y", "return X"]),
    ("swapped operands", "return X - Y @ b", ["return (Y @ b) - X", "return X - (b @ Y)"]),
    ("swapped operands", "return X + Y", []),
    ("wrong sign", "return X", ["return -X"]),
    ("wrong sign", "b = X.sum()", ["b = -X.sum()"]),
    ("wrong sign", "return X @ Y, b", ["return -(X @ Y), b", "return X @ Y, -b"]),
    ("comparison", "return X < Y", ["return X <= Y", "return X >= Y"]),
    ("comparison", "return X is None", ["return X is not None", "return X == None", "return not X"]),
    ("comparison", "return X is not None", ["return X is None", "return X != None", "return X"]),
    ("boolean", "return X and Y or b", ["return (X and Y) and b", "return (X or Y) or b"]),
    ("condition", "if X.any():\n    Y = b", ["if not X.any():", "if True:", "if False:"]),
    ("condition", "if X > 0:\n    Y = b", ["if True:", "if False:"]),
    ("condition", "return X if b else Y", ["return X if not b else Y", "return X", "return Y"]),
    ("condition", "while X:\n    X = b", ["while False:"]),
    (
        "constant",
        "return X[3]",
        ["return X[4]", "return X[2]", "return X[0]", "return X[1]", "return X[-1]", "return X[-3]"],
    ),
    ("constant", "return X * 0.5", ["return X * 0.0", "return X * 1.0", "return X * 0.25", "return X * (-0.5)"]),
    ("constant", "return X.f(flag=True)", ["return X.f(flag=False)"]),
    ("constant", "return 'cuda'", ["return ''"]),
    ("constant", "'a docstring'\nreturn X", []),
    ("name", "return X - Y", ["return Y - Y", "return b - Y", "return X - X", "return X - b"]),
    ("name", "return self.weight", ["return self.bias"]),
    ("name", "return len(str)", []),
    ("attribute", "X.grad.zero_()", ["X.zero_()"]),
    (
        "off by one",
        "for i in range(X):\n    Y = b",
        ["for i in range(1, X):", "for i in range(X - 1):", "for i in range(X + 1):"],
    ),
    ("off by one", "return len(X)", ["return len(X) - 1", "return len(X) + 1"]),
    ("off by one", "return X[Y, 1:]", ["return X[Y - 1, 1:]", "return X[Y, :]"]),
    ("statement", "X.clear()\nreturn X", [""]),
    ("statement", "for i in X:\n    i.clear()", ["pass", "pass"]),
    ("statement", "c = X\nreturn c", []),
    ("statement", "X = X + 1\nreturn X", [""]),
    ("statement", "X.a(); X.b()", ["pass; X.b()", "X.a(); pass"]),
    ("return", "return X", ["X"]),
    ("return", "if b:\n    return X\nreturn Y", ["X", "return None", "Y"]),
    ("return", "return X, Y", ["X, Y", "return None, Y", "return X, None"]),
    ("order", "return X.f(Y, b)", ["return X.f(b, Y)"]),
    ("order", "X, Y = b", ["Y, X = b"]),
    ("order", "return X, Y", ["return Y, X"]),
    ("argument", "return X.f(Y, n=1)", ["return X.f(n=1)", "return X.f(Y)"]),
    ("argument", "return X.sum(1)", ["return X.sum()"]),
    ("argument", "return len(X)", []),
    ("argument", "return X.f(*Y, 1)", ["return X.f(1)", "return X.f(*Y)", "return X.f(Y, 1)"]),
    ("call", "return (X - Y).mean()", ["return X - Y"]),
    ("call", "return torch.exp(X)", ["return X"]),
    ("call", "return X.T.contiguous()", ["return X.T"]),
    ("call", "return self.f(X)", ["return X"]),
    (
        "element",
        "return isinstance(X, (tuple, list))",
        ["return isinstance(X, (list,))", "return isinstance(X, (tuple,))"],
    ),
    ("element", "return [X, Y]", ["return [Y]", "return [X]"]),
    (
        "loop",
        "for i in X:\n    Y = i\nreturn Y",
        ["for i in list(X)[1:]:", "for i in list(X)[:-1]:", "for i in reversed(list(X)):", "break"],
    ),
    ("early return", "for i in X:\n    Y = i\nreturn Y", ["return Y"]),
    ("augmented", "X -= Y + 1", ["X = X - (Y + 1)"]),
    ("augmented", "X = X + Y", ["X += Y"]),
    ("shared state", "self.X = X", ["type(self).X = X"]),
    (
        "transpose",
        "return X @ Y.T",
        ["return (X @ Y.T).T", "return X.T @ Y.T", "return X @ Y", "return X @ Y.reshape(Y.shape[::-1])"],
    ),
    ("transpose", "b = X.transpose(0, 1)", ["b = X"]),
    ("reduction", "return X.sum()", ["return X.mean()"]),
    ("reduction", "return sum(X)", []),
    ("reduction", "b = torch.zeros(3)", ["b = torch.ones(3)", "b = torch.randn(3)"]),
    ("reduction", "return math.sqrt(X)", ["return math.exp(X)"]),
    (
        "dimension",
        "return X.sum(dim=1)",
        ["return X.sum(dim=0)", "return X.sum(dim=-1)", "return X.sum(dim=1, keepdim=True)"],
    ),
    ("dimension", "return torch.softmax(X, 0)", ["return torch.softmax(X, 1)", "return torch.softmax(X, -1)"]),
    (
        "dimension",
        "return X.sum(dim=1, keepdim=True)",
        ["return X.sum(dim=0, keepdim=True)", "return X.sum(dim=-1, keepdim=True)"],
    ),
    ("graph", "return X * 2", ["return (X * 2).detach()", "return X.detach() * 2", "return X.data * 2"]),
    ("graph", "return isinstance(X, torch.Tensor)", []),
    ("python number", "return X", ["return X.item()"]),
    (
        "precision",
        "return X * 2",
        ["return (X * 2).float()", "return (X * 2).double()", "return X.to(torch.float32) * 2"],
    ),
    ("shape", "return X", ["return X.unsqueeze(0)", "return X.squeeze()"]),
    ("in place", "return X.clamp(0)", ["return X.clamp_(0)"]),
    ("in place", "X.add_(Y)", ["X.add(Y)"]),
    ("in place", "b = X - Y", ["b = X.sub_(Y)"]),
    ("in place", "X -= Y", ["X.sub(Y)"]),
    ("no_grad", "with torch.no_grad():\n    X.f()\n    X.g()", ["X.f()\nX.g()"]),
    ("no_grad", "return X", ["@torch.no_grad()"]),
    ("module", "super().__init__()\nself.X = X", [""]),
    ("module", "self.X = nn.ModuleList(X)", ["self.X = list(X)"]),
    ("module", "self.X = Parameter(X)", ["self.X = X", "self.X = Parameter(X, requires_grad=False)"]),
    ("module", "self.register_buffer('X', Y)", ["self.X = Y"]),
    ("own dtype", "return X.new_zeros(3)", ["return torch.zeros(3)"]),
    ("own dtype", "return torch.ones_like(X)", ["return torch.ones(X.shape)"]),
    (
        "needs_input_grad",
        "return X if ctx.needs_input_grad[0] else None",
        ["return X if True else None", "return X if False else None"],
    ),
]

WHOLE = """\
import math

import torch
from torch import nn
from torch.nn import Parameter


class Thing(nn.Module):
    def make(self):
        self.weight = 1
        self.bias = 2

    def forward(self, X, Y, b):
"""


def solution(body: str) -> str:
    return WHOLE + textwrap.indent(body, " " * 8) + "\n"


def put(mutant: Mutant) -> str:
    """The new lines of a mutant, without their indentation."""
    return "\n".join(line[1:].strip() for line in mutant.change.splitlines() if line.startswith("+"))


def of(operator: str, source: str) -> list[Mutant]:
    return [m for m in mutants(source) if m.operator == operator and m.scope in ("Thing.forward", "")]


@pytest.mark.parametrize(("operator", "body", "expected"), TABLE, ids=lambda value: str(value)[:40])
def test_an_operator_makes_these_changes_and_no_others(operator: str, body: str, expected: list[str]) -> None:
    # Another operator may make the same text, and then names the mutant: each is looked at alone.
    alone = [pair for pair in module._OPERATORS if pair[0] == operator]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_OPERATORS", alone)
        found = of(operator, solution(body))
    assert [put(mutant) for mutant in found] == expected


def test_every_operator_is_in_the_table_or_below() -> None:
    assert set(OPERATORS) == {operator for operator, _, _ in TABLE} | {"decorator", "saved", "moved"}


FUNCTION = """\
from torch.autograd import Function


class Square(Function):
    @staticmethod
    def forward(ctx, X):
        ctx.save_for_backward(X)  # for later
        return X * X

    @staticmethod
    def backward(ctx, grad):
        (X,) = ctx.saved_tensors
        return 2 * grad * X
"""


def test_what_a_function_saves_is_kept_on_the_class() -> None:
    (mutant,) = [m for m in mutants(FUNCTION) if m.operator == "saved"]
    assert mutant.change == (
        "-        ctx.save_for_backward(X)  # for later\n"
        "+        Square.saved = X,  # for later\n"
        "-        (X,) = ctx.saved_tensors\n"
        "+        (X,) = Square.saved"
    )


def test_a_decorator_is_forgotten() -> None:
    found = [m for m in mutants(FUNCTION) if m.operator == "decorator"]
    assert [(m.line, m.scope, m.change) for m in found] == [
        (5, "Square.forward", "-    @staticmethod"),
        (10, "Square.backward", "-    @staticmethod"),
    ]


def test_the_result_of_a_move_is_dropped() -> None:
    (mutant,) = [m for m in mutants("def f(X):\n    X = X.to('cpu')\n    return X\n") if m.operator == "moved"]
    assert mutant.change == "-    X = X.to('cpu')\n+    X.to('cpu')"


def test_a_diff_shows_the_change_with_two_lines_around_it_and_comments_stay() -> None:
    (mutant,) = [m for m in mutants(FUNCTION) if m.operator == "wrong sign"][:1]
    assert mutant.diff == (
        "--- reference solution\n"
        "+++ mutant\n"
        "@@ -6,5 +6,5 @@\n"
        "     def forward(ctx, X):\n"
        "         ctx.save_for_backward(X)  # for later\n"
        "-        return X * X\n"
        "+        return -(X * X)\n"
        " \n"
        "     @staticmethod\n"
    )
    assert mutant.line == 8


def test_a_body_that_loses_its_with_keeps_its_layout() -> None:
    body = "with torch.no_grad():\n    # a comment\n    X.f(\n        Y,\n    )\n\n    X.g()\nreturn X"
    (mutant, *_) = [m for m in mutants(solution(body)) if m.operator == "no_grad" and "with" in m.change]
    assert mutant.source == solution("# a comment\nX.f(\n    Y,\n)\n\nX.g()\nreturn X").replace(
        "        # a comment\n", ""
    )


@pytest.mark.parametrize("source", ["def f(:", "x = '\x00'", "return 1", "(" * 500 + ")" * 500, "\ud800"])
def test_what_python_cannot_read_has_no_mutants(source: str) -> None:
    assert mutants(source) == []


@pytest.mark.parametrize("source", ["", "'a docstring'\n", "import torch\n", "X: int\n", "f'{1 + 2}'\n"])
def test_what_does_nothing_has_no_mutants(source: str) -> None:
    assert mutants(source) == []


def test_what_is_below_the_main_guard_is_left_alone() -> None:
    guarded = "\nif __name__ == '__main__':\n    print(1 + 2)\n"
    assert {m.id for m in mutants(FUNCTION + guarded) if m.line > 13} <= {
        m.id for m in mutants(FUNCTION + guarded) if m.line == 15
    }


def test_line_ends_and_letters_of_other_alphabets_do_not_shift_a_change() -> None:
    text = "def f(é, ß):\r\n    return 'ü' + é - ß  # Größe\r\n"
    (mutant,) = [m for m in mutants(text) if m.operator == "swapped operands"]
    assert mutant.change == "-    return 'ü' + é - ß  # Größe\n+    return ß - ('ü' + é)  # Größe"


def test_an_id_outlives_changes_elsewhere() -> None:
    longer = FUNCTION.replace("class Square", "EPSILON = 'unused'\n\n\nclass Square")
    longer += "\n\ndef other(X):\n    return X + 1\n"
    assert {m.id for m in mutants(FUNCTION)} < {m.id for m in mutants(longer)}


def test_the_same_line_in_two_functions_makes_mutants_with_two_ids() -> None:
    twice = "def f(X):\n    return -X\n\n\ndef g(X):\n    return -X\n"
    found = [m for m in mutants(twice) if m.operator == "operand"]
    assert [m.scope for m in found] == ["f", "g"]
    assert found[0].change == found[1].change
    assert found[0].id != found[1].id


def test_the_number_is_bounded_and_the_choice_steady() -> None:
    every = mutants(FUNCTION)
    some = mutants(FUNCTION, limit=10)
    assert len(some) == 10
    assert some == [m for m in every if m in some]
    grown = mutants(FUNCTION + "\n\nLIMIT = 3\n", limit=10)
    assert len({m.id for m in some} & {m.id for m in grown}) >= 7


def test_changed_lines_are_those_of_a_diff_or_of_themselves() -> None:
    assert changed_lines("--- a\n+++ b\n@@ -1 +1 @@\n x\n-y \n+z\n") == "-y\n+z"
    assert changed_lines("\n-y\n+z  \n\n") == "-y\n+z"


# ---- properties ----

EXPRESSIONS = st.recursive(
    st.sampled_from(["X", "Y", "b", "1", "0.5", "-2", "None", "True", "self.weight", "X.T", "X[1:]", "X[Y, 0]", "'ä'"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "@", "**", "<", "is", "and", "in"]), inner),
        st.builds("{} - {}".format, inner, inner),
        st.builds("torch.sum({}, dim=1)".format, inner),
        st.builds("f({}, {}, k={})".format, inner, inner, inner),
        st.builds("({}).mean()".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[i * {} for i in {} if i]".format, inner, inner),
        st.builds("(\n        {}\n        # comment\n        * {}\n    )".format, inner, inner),
        st.builds("lambda X: {}".format, inner).map("({})".format),
    ),
    max_leaves=6,
)
STATEMENTS = st.one_of(
    st.builds("return {}".format, EXPRESSIONS),
    st.builds("return {}, {}".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("X = {}".format, EXPRESSIONS),
    st.builds("X += {}".format, EXPRESSIONS),
    st.builds("self.weight = {}  # ü".format, EXPRESSIONS),
    st.builds("f({}); g({})".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("if {}: X.g_()\n    elif {}:\n        pass\n    else: Y.h()".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("for i in {}:\n        X = {}\n        f(i)".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("with torch.no_grad():\n        X = {}".format, EXPRESSIONS),
)
SOURCES = st.lists(STATEMENTS, min_size=1, max_size=5).map(
    lambda lines: "import torch\nclass A:\n  def f(self, X, Y, b=1):\n    " + "\n    ".join(lines)
)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(SOURCES)
def test_every_mutant_parses_differs_and_is_there_once(source: str) -> None:
    found = mutants(source)
    trees = [ast.dump(ast.parse(mutant.source)) for mutant in found]
    assert ast.dump(ast.parse(source)) not in trees
    assert len(set(trees)) == len(trees)
    assert len({mutant.id for mutant in found}) == len(found)
    assert all(mutant.change and 1 <= mutant.line <= source.count("\n") + 1 for mutant in found)
    assert [mutant.line for mutant in found] == sorted(mutant.line for mutant in found)
    assert found == mutants(source)


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    mutants(text)


@pytest.mark.parametrize("exercise", course().exercises, ids=lambda exercise: exercise.slug)
def test_a_solution_of_this_course_has_enough_and_not_too_many(exercise: Exercise) -> None:
    assert 20 <= len(mutants_of(exercise)) <= 200
