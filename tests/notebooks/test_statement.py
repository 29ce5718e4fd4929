"""Statements as Markdown with maths."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grader.notebooks.formula import derivative, is_equation, shape, tex
from grader.notebooks.statement import markdown

STUBS = sorted((Path(__file__).parents[2] / "exercises").glob("*/*.py"))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Z[i, k] = sum over j of X[i, j] * Y[j, k]", r"Z_{i,k} = \sum_{j} X_{i,j} \, Y_{j,k}"),
        (
            "mean over i of  log(sum over c of exp(H[i, c])) - H[i, Y[i]]",
            r"\operatorname{mean}_{i} \left(\log\left(\sum_{c} \exp\left(H_{i,c}\right)\right) - H_{i,Y_{i}}\right)",
        ),
        ("max(X, 0)", r"\max\left(X, 0\right)"),
        ("sqrt(init_factor / in_dim)", r"\sqrt{\frac{\mathrm{init\_factor}}{\mathrm{in\_dim}}}"),
        ("p <- p - lr * dL/dp", r"p \leftarrow p - \mathrm{lr} \, \frac{\partial L}{\partial p}"),
        ("-x^2 / (a + b)", r"\frac{-{x}^{2}}{\left(a + b\right)}"),
        ("y_1 >= alpha", r"y_{1} \ge \alpha"),
        ("dL/dZ", r"\frac{\partial L}{\partial Z}"),
        ("X", None),
        ("3", None),
        ("or None", None),
        ("X times weight, plus bias", None),
        ("model = Sequential(layer1)", None),
        ("p.grad = 0", None),
        ("labels: int64", None),
        ("sum over", None),
        ("a +", None),
        ("f(x", None),
        ("(" * 100 + "x" + ")" * 100, None),
        ("", None),
    ],
)
def test_a_formula_is_set_if_all_of_it_is_understood(text: str, made: str | None) -> None:
    assert tex(text) == made


def test_shapes_are_set() -> None:
    assert shape("(m, n)") == "(m, n)"
    assert shape("(..., in_dim)") == r"(\ldots, \mathrm{in\_dim})"
    assert shape("(N,)") == "(N,)"
    assert shape("()") == "()"
    assert shape("any shape") is shape("m, n") is shape("(m n)") is None


def test_an_equation_says_what_something_is() -> None:
    assert is_equation("y = a * x")
    assert not is_equation("a * x")
    assert not is_equation("y = f(x)")
    assert derivative("W") == r"\partial L / \partial W"


def test_a_docstring_becomes_title_table_maths_and_text() -> None:
    title, body = markdown(
        """Twice the *thing*.

    X       (m, n)    what it is, `as_is`
    result  (n,)      y[i] = 2 * x[i], for all i
    none    or not

Text with dL/dX, an `a_b*c`, and 3 * x_ < 4.
# no heading

    y = 2 * x

    opt.step()     # code

    free text here

- a list of $\\alpha * \\beta$
"""
    )
    assert title == "Twice the \\*thing\\*"
    assert body.split("\n\n") == [
        "| | shape | |\n|---|---|---|\n"
        "| `X` | $(m, n)$ | what it is, `as_is` |\n"
        "| `result` | $(n,)$ | $y_{i} = 2 \\, x_{i}$, for all i |\n"
        "| `none` | or not | |",
        "Text with $\\partial L / \\partial X$, an `a_b*c`, and 3 \\* x\\_ \\< 4.\n\\# no heading",
        "$$\ny = 2 \\, x\n$$",
        "```python\nopt.step()     # code\n```",
        "```text\nfree text here\n```",
        "- a list of $\\alpha * \\beta$",
    ]


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.stem)
def test_no_word_of_a_statement_is_lost(stub: Path) -> None:
    docstring = ast.get_docstring(ast.parse(stub.read_text("utf-8")), clean=False)
    assert docstring is not None
    title, body = markdown(docstring)
    made = f"{title} {body}".replace("\\", "")
    words = {word.strip(".,;:()`") for word in docstring.split() if word.strip(".,;:()`").isalpha()}
    # The words of a formula are drawn.
    assert {word for word in words if word not in made} <= {"over", "of", "sum", "mean"}


def test_the_formulas_of_this_course_are_set() -> None:
    made = "".join(markdown(ast.get_docstring(ast.parse(stub.read_text()), clean=False) or "")[1] for stub in STUBS)
    assert r"$Z_{i,k} = \sum_{j} X_{i,j} \, Y_{j,k}$" in made
    assert r"standard deviation $\sqrt{\frac{\mathrm{init\_factor}}{\mathrm{in\_dim}}}$." in made
    assert r"| `result` | the same shape | $\max\left(X, 0\right)$, for each element on its own |" in made
