"""What two sources may have in common besides what they compute: the accidents of writing.

Comments, names, texts, the exact wording of a line and odd white space don't change a result, so nobody has to write
the same ones; that few have them is what makes them evidence. The grader adds its own: the same wrong results. What
the stub or the statement says itself is nobody's trait.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from grader.model import ExerciseResult, Outcome, Status
from grader.similarity.operations import Reading
from grader.text import clean_line

EACH_MAX = 500
NAME_MIN_CHARS = 4
TEXT_MIN_CHARS = 6
LINE_MIN_CHARS = 16
# Space before a comma or a closing bracket, after an opening one, two in a row; tabs; space at the end of a line.
_ODD = re.compile(r"(?<=[^ \t,(\[{]) +[,)\]}]|(?<=[^ ])  +(?=[^ #])|[(\[{] +(?=[^ ])|\t|[ \t]\Z")
_COMMENT = re.compile(
    r"(?P<comment>#[^\n]*)|(?P<quotes>\'\'\'|\"\"\")(?:[^\\]|\\.)*?(?:(?P=quotes)|\Z)"
    r"|'(?:[^'\\\n]|\\.)*'?|\"(?:[^\"\\\n]|\\.)*\"?",
    re.DOTALL,
)
_WORD = re.compile(r"[^\W\d]\w{3,}")
_NOT_WRONG = (Outcome.PASSED, Outcome.SKIPPED, Outcome.NOT_IMPLEMENTED, Outcome.INTERNAL_ERROR)


class Kind(StrEnum):
    """What sort of evidence a trait is."""

    COMMENT = "comment"
    NAME = "name"
    TEXT = "text"
    LINE = "line"
    LAYOUT = "layout"
    FAILURE = "failure"


class Trait(NamedTuple):
    """Something that a source has. `text` is the student's: clean it where it is shown."""

    kind: Kind
    text: str


def of_source(source: str, reading: Reading) -> frozenset[Trait]:
    """The comments, names, texts, lines of code and odd lines of a source, at most `EACH_MAX` of each."""
    found: set[Trait] = set()
    found.update(Trait(Kind.COMMENT, text) for text in _comments(source)[:EACH_MAX])
    names = sorted(name for name in reading.own if len(name) >= NAME_MIN_CHARS and not name.startswith("__"))
    found.update(Trait(Kind.NAME, name) for name in names[:EACH_MAX])
    found.update(Trait(Kind.TEXT, text) for text in _texts(reading.nodes)[:EACH_MAX])
    found.update(Trait(Kind.LINE, line) for line in _code_lines(source, reading.nodes)[:EACH_MAX])
    odd = [line[:1000] for line in source.split("\n") if line.strip() and _ODD.search(line[:1000])]
    found.update(Trait(Kind.LAYOUT, line) for line in odd[:EACH_MAX])
    return frozenset(found)


def of_result(result: ExerciseResult) -> frozenset[Trait]:
    """Which wrong results a submission gave: all of them together, and each recognised mistake.

    A submission that wasn't attempted, or that fails for a reason of ours, has none.
    """
    if result.status in (Status.PASSED, Status.NOT_ATTEMPTED, Status.UNGRADED):
        return frozenset()
    wrong = [
        f"{check.id}: {check.outcome}: {clean_line(check.message, 400)}"
        for check in result.checks
        if check.outcome not in _NOT_WRONG
    ]
    found = {Trait(Kind.FAILURE, "\n".join(sorted(wrong)))} if wrong else set()
    for one in result.diagnoses:
        if not one.review:
            found.add(Trait(Kind.FAILURE, f"recognised as {one.name}: {clean_line(one.text, 200)}"))
    return frozenset(found)


def given(texts: Iterable[str]) -> frozenset[str]:
    """The words of what everybody was given (stub, statement): no name among them is a trait."""
    return frozenset(word for text in texts for word in _WORD.findall(text))


def _comments(source: str) -> list[str]:
    if "#" not in source:
        return []
    found = (one["comment"] for one in _COMMENT.finditer(source) if one["comment"])
    lines = [_plain(one.lstrip("#! ")) for one in islice(found, EACH_MAX)]
    return [line for line in lines if len(line) >= TEXT_MIN_CHARS]


def _code_lines(source: str, nodes: Sequence[ast.AST]) -> list[str]:
    """The longer lines of the statements that do something, without their indentation."""
    lines = source.split("\n")
    kept: dict[str, None] = {}
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Return | ast.Raise | ast.For | ast.If | ast.While):
            line = lines[node.lineno - 1][:1000].strip() if node.lineno <= len(lines) else ""
            if len(line) >= LINE_MIN_CHARS:
                kept[line] = None
    return list(kept)


def _texts(nodes: Sequence[ast.AST]) -> list[str]:
    """The string constants, docstrings among them, in order."""
    found = []
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [_plain(part) for part in node.value[:20_000].split("\n\n")[:EACH_MAX]]
            if len(found) > EACH_MAX:
                break
    return [text for text in found if len(text) >= TEXT_MIN_CHARS]


def _plain(text: str) -> str:
    return " ".join(text[:1000].split()).casefold()
