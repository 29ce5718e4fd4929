"""The statements of a cell that may be kept: what each binds, what it needs, and its text.

Nothing is run. Which names a statement reads at once (bases, decorators, defaults, values) and which only when it is
called comes from Python's own `symtable`, so a local variable is never taken for a global of the same name.
"""

from __future__ import annotations

import ast
import importlib
import symtable
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

import msgspec

from grader.notebooks.document import CodeCell
from grader.notebooks.ipython import UnreadableCell, parse

CELL_STATEMENTS_MAX = 2_000
"""What more there is takes too long: the time for one line of them grows with the square of their number."""
_OPAQUE = "?"
_FEATURES = frozenset(importlib.import_module("__future__").all_feature_names)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Kind(Enum):
    """What a statement does with names."""

    IMPORT = auto()
    STAR = auto()  # from x import *
    FUTURE = auto()
    CLASS = auto()
    FUNCTION = auto()
    VALUE = auto()
    CHOICE = auto()  # `if` or `try` around imports, definitions and values
    DROPPED = auto()


class Piece(msgspec.Struct, frozen=True):
    """One statement at the top level of a cell. `line` is the number in the cell of the first of `lines`.

    `now` are the names that it reads when it is run, `later` those that its functions read when they are called.
    `extends` are names whose objects it changes (`Linear.forward = ...`), `calls` the dotted names that it calls when
    it is run ("?" for anything else), outside decorators, defaults and classes.
    """

    cell: int
    line: int
    lines: tuple[str, ...]
    kind: Kind
    binds: frozenset[str] = frozenset()
    extends: frozenset[str] = frozenset()
    now: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    module: str = ""


class _Needs(NamedTuple):
    now: frozenset[str]
    later: frozenset[str]
    assigned: frozenset[str]


def pieces(cell: CodeCell) -> list[Piece]:
    """The statements of `cell` in order. Raises UnreadableCell where Python can't read it."""
    plain, tree = parse(cell.source)
    if len(tree.body) > CELL_STATEMENTS_MAX:
        raise UnreadableCell(f"it has {len(tree.body):,} statements; the most is {CELL_STATEMENTS_MAX:,}", 0)
    lines = plain.split("\n")
    found: list[Piece] = []
    end_line, end_column = 0, 0
    for index, node in enumerate(tree.body):
        following = tree.body[index + 1] if index + 1 < len(tree.body) else None
        found += _pieces_of(node, _texts(lines, node, end_line, end_column, following), cell.number)
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
    return found


def _texts(
    lines: list[str], node: ast.stmt, end_line: int, end_column: int, following: ast.stmt | None
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The first line and the text of a statement: with what stands above it and behind it, else it alone."""
    last = node.end_lineno or node.lineno
    tail = _part(lines[last - 1], 0, node.end_col_offset)
    shared = following is not None and _start(following) <= last
    if end_line < _start(node):
        first = end_line + 1
        while not lines[first - 1].strip():
            first += 1
        text = [*lines[first - 1 : last]]
        if shared:
            text[-1] = tail
        yield first, tuple(text)
    text = [*lines[node.lineno - 1 : last]]
    text[-1] = tail
    text[0] = _part(text[0], node.col_offset, None)
    yield node.lineno, tuple(text)


def _start(node: ast.stmt) -> int:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return node.lineno


def _part(line: str, start: int, end: int | None) -> str:
    """A part of a line by its UTF-8 bytes, which is how Python counts columns."""
    return line.encode()[start:end].decode()


def _pieces_of(node: ast.stmt, texts: Iterable[tuple[int, tuple[str, ...]]], cell: int) -> Iterator[Piece]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from _imports(node, next(iter(texts)), cell)
        return
    for line, text in texts:
        try:
            needs = _needs("\n".join(text))
        except (SyntaxError, ValueError) as error:
            problem = error
            continue
        except (RecursionError, MemoryError):
            raise UnreadableCell("it is nested too deeply", node.lineno) from None
        yield _piece(node, line, text, cell, needs)
        return
    # ast.parse reads what the compiler then refuses: a nonlocal name at the top, an argument named twice.
    message = problem.msg if isinstance(problem, SyntaxError) else str(problem)
    inner = (problem.lineno or 1) - 1 if isinstance(problem, SyntaxError) else 0
    raise UnreadableCell(message or "invalid syntax", node.lineno + inner)


def _piece(node: ast.stmt, line: int, text: tuple[str, ...], cell: int, needs: _Needs) -> Piece:
    try:
        kind = _kind(node)
        calls = frozenset(_calls(node)) if kind in (Kind.VALUE, Kind.CHOICE) else frozenset()
        extends = frozenset(_extended(node))
    except RecursionError:
        kind, calls, extends = Kind.DROPPED, frozenset(), frozenset()
    return Piece(
        cell=cell,
        line=line,
        lines=text,
        kind=kind,
        binds=needs.assigned,
        extends=extends,
        now=needs.now,
        later=needs.later,
        calls=calls,
    )


def _imports(node: ast.Import | ast.ImportFrom, text: tuple[int, tuple[str, ...]], cell: int) -> Iterator[Piece]:
    line, lines = text
    if isinstance(node, ast.Import):
        for alias in node.names:
            # One for each: a module that isn't installed here may stand beside one that is needed.
            alone = lines if len(node.names) == 1 else (ast.unparse(ast.Import(names=[alias])),)
            name = alias.asname or alias.name.partition(".")[0]
            at = line if len(node.names) == 1 else node.lineno
            module = alias.name if alias.asname else name
            yield Piece(cell, at, alone, Kind.IMPORT, binds=frozenset({name}), module=module)
        return
    module = "." * node.level + (node.module or "")
    if any(alias.name == "*" for alias in node.names):
        yield Piece(cell, line, lines, Kind.STAR, module=module)
        return
    binds = frozenset(alias.asname or alias.name for alias in node.names)
    kind = Kind.IMPORT
    if module == "__future__":  # the compiler refuses a whole file for a feature that it doesn't know
        known = all(alias.name in _FEATURES for alias in node.names)
        kind = Kind.FUTURE if known else Kind.DROPPED
    yield Piece(cell, line, lines, kind, binds=binds, module=module)


def _kind(node: ast.stmt) -> Kind:
    match node:
        case ast.ClassDef():
            return Kind.CLASS
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return Kind.FUNCTION
        case ast.Assign() | ast.AugAssign():
            return Kind.VALUE
        case ast.AnnAssign(value=value) if value is not None:
            return Kind.VALUE
        case ast.If(test=test, body=body, orelse=orelse):
            if _is_main(test):
                return Kind.DROPPED
            return Kind.CHOICE if _all_kept([*body, *orelse]) else Kind.DROPPED
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            inner = [*body, *orelse, *final, *(one for handler in handlers for one in handler.body)]
            return Kind.CHOICE if _all_kept(inner) else Kind.DROPPED
    return Kind.VALUE if type(node).__name__ == "TypeAlias" else Kind.DROPPED


def _all_kept(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(one, (ast.Import, ast.ImportFrom, ast.Pass))
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        or _kind(one) is not Kind.DROPPED
        for one in body
    )


def _is_main(test: ast.expr) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "__name__" for one in ast.walk(test))


def _extended(node: ast.stmt) -> Iterator[str]:
    """The names whose objects a statement changes: targets with a dot or an index, and `@add_to_class(Linear)`."""
    targets: list[ast.expr] = []
    match node:
        case ast.Assign(targets=several):
            targets = several
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            targets = [target]
        case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
            given = (arg for one in decorators if isinstance(one, ast.Call) for arg in one.args)
            yield from (arg.id for arg in given if isinstance(arg, ast.Name))
    for changed in targets:
        for one in ast.walk(changed):
            root = _root(one)
            if root is not one and isinstance(root, ast.Name):
                yield root.id


def _root(node: ast.AST) -> ast.AST:
    """What stands in front of all dots and indices."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node


def _calls(node: ast.AST) -> Iterator[str]:
    """What is called when the statement is run: not in functions, nor in the bodies of classes."""
    todo: list[ast.AST] = [node]
    while todo:
        one = todo.pop()
        if isinstance(one, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(one, ast.Call):
            yield _callee(one.func)
        elif isinstance(one, (ast.Await, ast.Yield, ast.YieldFrom)):
            yield _OPAQUE
        todo += ast.iter_child_nodes(one)


def _callee(func: ast.expr) -> str:
    parts: list[str] = []
    while True:
        match func:
            case ast.Attribute(value=value, attr=attr):
                parts.append(attr)
                func = value
            case ast.Subscript(value=value):
                func = value
            case ast.Call(func=inner):  # a method of what another call gave, which is looked at on its own
                func = inner
            case ast.Name(id=name):
                return ".".join([name, *reversed(parts)])
            case ast.Constant() | ast.JoinedStr():  # ", ".join(...)
                return ".".join(["str", *reversed(parts)])
            case _:
                return _OPAQUE


def _needs(text: str) -> _Needs:
    """What a statement reads and binds at the top level. Raises what `symtable` raises."""
    now: set[str] = set()
    later: set[str] = set()
    assigned: set[str] = set()
    top = symtable.symtable(text, "cell", "exec")
    for symbol in top.get_symbols():
        if symbol.is_referenced():
            now.add(symbol.get_name())
        if symbol.is_assigned() or symbol.is_imported():
            assigned.add(symbol.get_name())
    todo = [(table, False) for table in top.get_children()]
    while todo:
        table, inside = todo.pop()
        # A comprehension is a function that is called at once.
        called = inside or (table.get_type() == "function" and not _is_comprehension(table))
        found = {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
        (later if called else now).update(found)
        todo += [(child, called) for child in table.get_children()]
    return _Needs(frozenset(now), frozenset(later), frozenset(assigned))


def _is_comprehension(table: symtable.SymbolTable) -> bool:
    return table.get_name() in ("listcomp", "setcomp", "dictcomp", "genexpr")
