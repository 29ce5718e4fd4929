"""A source text with its syntax tree, and edits of the text at the places of nodes.

Editing the text, instead of writing the tree out again, keeps comments and layout: the diff of a mutant shows the one
thing that changed.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef

# Expressions that stay whole wherever they are put.
_ATOMS = (
    ast.Name,
    ast.Constant,
    ast.Attribute,
    ast.Subscript,
    ast.Call,
    ast.List,
    ast.Dict,
    ast.Set,
    ast.ListComp,
    ast.DictComp,
    ast.SetComp,
    ast.GeneratorExp,
    ast.JoinedStr,
)
# Parents that could take an expression apart if it stood in them without parentheses.
_BINDING = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Attribute, ast.Subscript, ast.Await, ast.Starred)


class Edit(NamedTuple):
    """Put `text` in the place of the characters from `start` up to `end`."""

    start: int
    end: int
    text: str


Change = tuple[Edit, ...]


def parse(source: str) -> ast.Module | None:
    """The tree of `source`, or None where Python can't compile it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `0 is x` and the like: a mutant may look silly
            tree = ast.parse(source)
            compile(tree, "<source>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def clean(source: str) -> str:
    """The same text with one kind of line end and without a byte order mark."""
    return source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


class Source:
    """A text that parses. Offsets count characters; `parent` and `scope` are of the tree."""

    def __init__(self, text: str, tree: ast.Module) -> None:
        self.text = text
        self.tree = tree
        self._starts = [0]
        for line in text.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._ascii = text.isascii()
        self._parents: dict[ast.AST, ast.AST] = {}
        self._fields: dict[ast.AST, str] = {}
        for node in ast.walk(tree):
            for field, value in ast.iter_fields(node):
                for child in value if isinstance(value, list) else (value,):
                    if isinstance(child, ast.AST):
                        self._parents[child] = node
                        self._fields[child] = field

    # ---- places ----

    def offset(self, line: int, column: int) -> int:
        """The offset of a place as the tree gives it: lines from 1, columns in bytes of UTF-8."""
        start = self._starts[line - 1]
        if self._ascii:
            return start + column
        whole = self.text[start : self._starts[line] - 1]
        return start + len(whole.encode("utf-8")[:column].decode("utf-8", "ignore"))

    def span(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.pattern) -> tuple[int, int]:
        """Where `node` is, without parentheses around it."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def line_of(self, offset: int) -> int:
        """The number of the line with that offset, from 1."""
        return self.text.count("\n", 0, offset) + 1

    def line_start(self, line: int) -> int:
        """The offset of the first character of a line; the number after the last gives the end of the text."""
        return min(self._starts[line - 1], len(self.text))

    def indent(self, line: int) -> str:
        """The blanks that a line begins with."""
        whole = self.text[self.line_start(line) : self.line_start(line + 1)]
        return whole[: len(whole) - len(whole.lstrip(" \t\f"))]

    # ---- the tree ----

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node that holds `node`."""
        return self._parents.get(node)

    def field(self, node: ast.AST) -> str:
        """The name of the field of its parent that holds `node`."""
        return self._fields.get(node, "")

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around `node`, innermost first."""
        current = self.parent(node)
        while current is not None:
            yield current
            current = self.parent(current)

    def function(self, node: ast.AST) -> Function | None:
        """The function that `node` is part of."""
        return next((one for one in self.above(node) if isinstance(one, Function)), None)

    def scope(self, node: ast.AST) -> str:
        """The dotted name of the function or class that `node` is part of, "" at the top level."""
        around = [node, *self.above(node)]
        return ".".join(reversed([one.name for one in around if isinstance(one, Function | ast.ClassDef)]))

    # ---- text of nodes ----

    def of(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> str:
        """The text of `node`."""
        start, end = self.span(node)
        return self.text[start:end]

    def atom(self, node: ast.expr) -> str:
        """The text of an expression, in parentheses if it could come apart beside an operator."""
        text = self.of(node)
        if isinstance(node, _ATOMS) and "\n" not in text:
            return text
        return text if isinstance(node, ast.Tuple) and text.startswith("(") else f"({text})"

    def enclosed(self, node: ast.expr) -> bool:
        """Whether there are parentheses around `node` already."""
        start, end = self.span(node)
        return self.text[:start].rstrip().endswith("(") and self.text[end:].lstrip().startswith(")")

    def replace(self, node: ast.expr, text: str, *, whole: bool = False) -> Change:
        """Put `text` in the place of `node`; `whole` says that it can't come apart whatever is around it."""
        parent = self.parent(node)
        binds = isinstance(parent, _BINDING) and self.field(node) != "slice"
        binds = binds or (isinstance(parent, ast.Call) and self.field(node) == "func")
        if not whole and ("\n" in text or (binds and not self.enclosed(node))):
            text = f"({text})"
        return (Edit(*self.span(node), text),)

    def put(self, node: ast.expr, other: ast.expr) -> Change:
        """Put the text of `other` in the place of `node`."""
        return self.replace(node, self.of(other), whole=self.atom(other) == self.of(other))

    # ---- statements ----

    def has_own_lines(self, node: ast.stmt) -> bool:
        """Whether nothing else stands on the lines of a statement but a comment."""
        start, end = self.span(node)
        assert node.end_lineno is not None
        before = self.text[self.line_start(node.lineno) : start]
        after = self.text[end : self.line_start(node.end_lineno + 1)].strip()
        return not before.strip() and (not after or after.startswith("#"))

    def remove(self, node: ast.stmt) -> Change:
        """Take a statement out, or put `pass` there where one is needed."""
        body = getattr(self.parent(node), self.field(node), None)
        if not isinstance(body, list) or len(body) == 1 or not self.has_own_lines(node):
            return (Edit(*self.span(node), "pass"),)
        assert node.end_lineno is not None
        return (Edit(self.line_start(node.lineno), self.line_start(node.end_lineno + 1), ""),)


def apply(text: str, change: Sequence[Edit]) -> str:
    """`text` with the edits of one change, which don't overlap."""
    for edit in sorted(change, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text
