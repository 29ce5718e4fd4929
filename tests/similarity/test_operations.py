"""Sources become what they compute."""

from __future__ import annotations

import random
import time

import pytest

from grader.similarity import operations, traits
from grader.similarity.analyse import Given, analyse
from grader.similarity.winnow import GRAM, WINDOW, grams, winnow

BASE = """
import torch

def f(X, Y):
    out = []
    for row in X:
        out.append(torch.exp(row) @ Y)
    return torch.stack(out)
"""


def texts(source: str) -> list[list[str]]:
    return [[one.text for one in unit] for unit in operations.read(source).units]


@pytest.mark.parametrize(
    "other",
    [
        BASE.replace("row", "element").replace("out", "answers"),
        BASE.replace("import torch", "import torch as T").replace("torch.exp", "T.exp").replace("torch.st", "T.st"),
        BASE.replace("torch.exp(row)", "row.exp()"),
        BASE.replace("    return", "    # done\n\n    return").replace("X, Y", "X: object, Y: object"),
        BASE.replace("torch.exp(row) @ Y", "(torch.exp( (row) )\n   @ (Y))"),
        BASE.replace(
            "    return torch.stack(out)", "    result = torch.stack(out)\n    print(result)\n    return result"
        ),
        '"""What it does."""\n' + BASE,
    ],
)
def test_what_only_looks_different_is_the_same(other: str) -> None:
    assert texts(other) == texts(BASE)


@pytest.mark.parametrize(
    "other",
    [BASE.replace("exp", "log"), BASE.replace("@", "*"), BASE.replace("torch.stack(out)", "torch.stack(out).sum()")],
)
def test_what_computes_something_else_is_not(other: str) -> None:
    assert texts(other) != texts(BASE)


def test_a_conditional_expression_is_an_if() -> None:
    one = "def f(a):\n    return 1 if a > 2 else a * 3"
    other = "def f(a):\n    if a > 2:\n        x = 1\n    else:\n        x = a * 3\n    return x"
    assert texts(one) == texts(other)


def test_operations_know_their_lines() -> None:
    lines = {one.text: one.line for unit in operations.read(BASE).units for one in unit}
    assert (lines["exp()"], lines["stack()"]) == (7, 8)


def test_a_syntax_error_costs_only_its_line() -> None:
    broken = BASE.replace("    return", "    x = = 3\n    return")
    reading = operations.read(broken)
    assert texts(broken) == texts(BASE)
    assert not reading.exact


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return torch.exp(x",
        "class A:\n",
        "(" * 5000,
        "x = " + "(" * 150 + "1" + ")" * 150,
        "x = " + "+".join(["a.b(c)"] * 20_000),
        "-" * 100_000 + "1",
        "x = 0x" + "f" * 200_000,
        "\ud800 = '\udfff'\n# \udc80",
        "f(" * 3000 + ")" * 3000,
        "def f():\n" + "    x = y.z(1)\n" * 18_000,
        "= =\n" * 60_000,
        "'" * 200_000,
        "x = [" + "[1, " * 60_000,
        "\n".join(f"def f{n}(a): return a.b{n}(c) + {n}" for n in range(6000)),
        "a" * 250_000,
        " " * 250_000 + "x",
        "x" + " " * 250_000 + "y",
        "@" * 100_000,
        "\\\n" * 100_000,
        "#" * 250_000,
        '"""' + "\\" * 100_000,
        "lambda: " * 20_000 + "0",
        "",
        "\x0c\x1c\x85",
    ],
    ids=lambda source: repr(source[:12]),
)
def test_hostile_sources_are_read_in_bounded_time(source: str) -> None:
    start = time.process_time()
    found = analyse(source, Given())
    assert time.process_time() - start < 10
    assert len(found.grams) <= operations.OPERATIONS_MAX * 2
    assert len(found.traits) <= 6 * traits.EACH_MAX + 1


def test_what_python_cannot_parse_at_all_is_read_word_by_word() -> None:
    # A bracket that is never closed, and no line whose removal mends it within the tries.
    lines = [f"    y{n} = torch.exp(x).sum(dim=1) @ z.t() - 3.5 ** {n}))" for n in range(40)]
    text = "def f(x, z):\n" + "\n".join(lines)
    reading = operations.read(text)
    assert not reading.exact
    assert reading.nodes == ()
    assert len(reading.units[0]) > 100
    shared = analyse(text, Given()).prints & analyse(text.replace("y", "w").replace("x", "v"), Given()).prints
    assert len(shared) > 10


def test_whatever_is_shared_in_a_long_enough_run_is_found() -> None:
    draw = random.Random(7)  # noqa: S311 - repeatable
    for _ in range(200):
        run = [f"r{draw.randrange(50)}" for _ in range(GRAM + WINDOW - 1)]
        sides = []
        for side in "ab":
            around = [f"{side}{draw.randrange(50)}" for _ in range(draw.randrange(3, 30))]
            at = draw.randrange(len(around))
            unit = [*around[:at], *run, *around[at:]]
            sides.append({one.hash for one in winnow([tuple(operations.Operation(text, 1) for text in unit)])})
        assert sides[0] & sides[1]


def test_winnowing_keeps_a_part_and_never_what_is_no_gram() -> None:
    unit = tuple(operations.Operation(f"o{n * n % 101}", n) for n in range(2000))
    every = {one for run in grams([unit]) for one in run}
    kept = winnow([unit])
    assert set(kept) <= every
    assert 0.3 < len(kept) / len(every) < 0.7


def test_hashes_are_the_same_on_every_machine() -> None:
    unit = tuple(operations.Operation(text, 1) for text in ("exp()", "sum()", "log()", "-", "mean()"))
    assert [one.hash for run in grams([unit]) for one in run][:2] == [1782549188563323006, 2147797776979683468]
