"""Mutants of a reference solution: the same text with one mistake in it.

A suite kills a mutant when it costs points; one that survives is a mistake that the suite doesn't see, or no mistake at
all. Generating them takes milliseconds, imports no torch and runs nothing of the solution.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
from collections import Counter
from collections.abc import Iterator

import msgspec

from grader.proof import general, pytorch
from grader.proof.sites import is_text
from grader.proof.source import Change, Source, apply, clean, parse

LIMIT = 400
# PyTorch's come first: where two operators make the same text, the mutant has the name that says more.
_OPERATORS = (*pytorch.OPERATORS, *general.OPERATORS)
OPERATORS = tuple(name for name, _ in _OPERATORS)


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """A solution with one change.

    `id` is 8 hexadecimal digits that depend on the change and the function around it only, so that it outlives edits
    elsewhere in the file. `line` is the first line of the solution that changed, `scope` the dotted name of the class
    and function that it is in ("" at the top level). `diff` is unified, with two lines around the change.
    """

    id: str
    operator: str
    line: int
    scope: str
    source: str
    diff: str

    @property
    def change(self) -> str:
        """The lines that go and come, each after its - or +, without the lines around them."""
        return changed_lines(self.diff)


def changed_lines(diff: str) -> str:
    """The changed lines of a unified diff, without what leads up to them and without blanks at their ends."""
    lines = [line.rstrip() for line in diff.split("\n")]
    return "\n".join(line for line in lines if line[:1] in ("-", "+") and not line.startswith(("--- ", "+++ ")))


def mutants(source: str, *, limit: int = LIMIT) -> list[Mutant]:
    """All mutants of `source` in the order of its lines, at most `limit`; none where it doesn't parse.

    No two have the same syntax tree, and none has that of `source`. Of too many, those are kept whose ids come first:
    the choice looks random, and a change elsewhere in the file leaves it mostly as it was. Line ends become newlines.
    """
    source = clean(source)
    tree = parse(source)
    if tree is None:
        return []
    text = Source(source, tree)
    seen = {ast.dump(tree)}
    times: Counter[str] = Counter()
    found = []
    for operator, node, change in _changes(text):
        mutated = apply(source, change)
        other = parse(mutated)
        if other is None or (shape := ast.dump(other)) in seen:
            continue
        seen.add(shape)
        found.append(_mutant(text, operator, node, change, mutated, times))
    kept = {mutant.id for mutant in sorted(found, key=lambda mutant: mutant.id)[:limit]}
    return sorted((mutant for mutant in found if mutant.id in kept), key=lambda mutant: mutant.line)


def _changes(text: Source) -> Iterator[tuple[str, ast.AST, Change]]:
    """What each operator makes of each node, in the order of operators and then of lines."""
    nodes = [node for node in ast.walk(text.tree) if not is_text(text, node)]
    nodes.sort(key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0)))
    for operator, function in _OPERATORS:
        for node in nodes:
            for change in function(text, node):
                yield operator, node, change


def _mutant(text: Source, operator: str, node: ast.AST, change: Change, mutated: str, times: Counter[str]) -> Mutant:
    diff = _diff(text.text, mutated)
    scope = text.scope(node)
    what = f"{scope}\n{changed_lines(diff)}"
    # The same line may stand in a function twice.
    digest = hashlib.sha256(f"{what}\n{times[what]}".encode()).hexdigest()
    times[what] += 1
    first = min(edit.start for edit in change)
    return Mutant(
        id=digest[:8],
        operator=operator,
        line=text.line_of(first),
        scope=scope,
        source=mutated,
        diff=diff,
    )


def _diff(before: str, after: str) -> str:
    # Not splitlines(), which breaks at more characters than Python does.
    old, new = (text.removesuffix("\n").split("\n") for text in (before, after))
    lines = difflib.unified_diff(old, new, "reference solution", "mutant", lineterm="", n=2)
    return "\n".join(lines) + "\n"
