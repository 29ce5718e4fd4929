"""Reduce a Python source to the operations that it performs, so that looks don't matter.

What is kept, in the order in which Python evaluates it: which functions and methods are called, operators, attributes,
numbers, control flow. What is left out is what a disguise changes first: the student's own names, comments,
docstrings, annotations, imports and their aliases, layout, parentheses, printing, and the intermediate variable that a
long expression is split with. `torch.exp(H)` and `H.exp()` are one operation, `a += b` and `a = a + b` are, and so
are a conditional expression and an `if`. Each function is a unit of its own, so their order doesn't matter.

A source that Python can't parse is repaired: the line of the error is left out, a few times. What can't be saved
like that is read word by word. Work is bounded whatever the source holds, and nothing here recurses.
"""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

OPERATIONS_MAX = 20_000
REPAIRS_MAX = 12
REPAIRED_MAX_CHARS = 64 * 1024
_BUILTINS = frozenset(dir(builtins))
_FORCED_DECORATORS = frozenset({"staticmethod", "classmethod", "property"})
_WORD = re.compile(
    r"#.*|('''|\"\"\")(?s:.*?)(?:\1|\Z)|'(?:\\.|[^'\\\n])*'?|\"(?:\\.|[^\"\\\n])*\"?"
    r"|(?P<called>[^\W\d]\w*)(?=[ \t]*\()|\.[ \t]*(?P<attribute>[^\W\d]\w*)|(?P<name>[^\W\d]\w*)"
    r"|(?P<number>\d[\w.]*)|(?P<sign>\*\*|//|->|[-+*/%@&|^<>!=~]=?)|(?P<line>\n)"
)
_CONTROL = {"for": "for", "while": "while", "if": "?", "elif": "?", "return": "return", "raise": "raise"}

_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.MatMult: "@", ast.Div: "/", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&", ast.FloorDiv: "//",
    ast.And: "and", ast.Or: "or", ast.Not: "not", ast.Invert: "~", ast.UAdd: "+1", ast.USub: "-1",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip


class Operation(NamedTuple):
    """One operation and the source line (from 1) where it is written."""

    text: str
    line: int


Unit = tuple[Operation, ...]
_Part = ast.AST | Operation


class Reading(NamedTuple):
    """A source, reduced. `exact` is False if lines had to be left out or it was read word by word.

    `nodes` are all nodes of the tree, the module first, none if there is no tree; `own` the names that the file itself
    gives to variables, arguments, functions, classes and attributes.
    """

    units: tuple[Unit, ...]
    nodes: tuple[ast.AST, ...]
    own: frozenset[str]
    exact: bool


def read(source: str) -> Reading:
    """The units of `source`, at most `OPERATIONS_MAX` operations in all. Never raises."""
    tree, exact = _parse(source)
    if tree is None:
        return Reading((tuple(_words(source)),), (), frozenset(), exact=False)
    nodes = tuple(ast.walk(tree))  # once: it is what takes the time
    names = _Names(nodes)
    return Reading(_units(tree, names), nodes, frozenset(names.own | names.attributes), exact)


def words(text: str) -> Unit:
    """The operations in `text` that is no whole program, such as the formulas of a statement."""
    return tuple(_words(text))


def _parse(source: str) -> tuple[ast.Module | None, bool]:
    lines = source.split("\n")
    tries = REPAIRS_MAX if len(source) <= REPAIRED_MAX_CHARS else 2
    for done in range(tries + 1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the student's own escapes
                return ast.parse("\n".join(lines)), not done
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            if not 0 <= at < len(lines):
                break
            if not lines[at].strip() or lines[at].strip() == "pass":
                # The fault is before it: an opened bracket or a header without a body.
                at = next((n for n in range(at - 1, -1, -1) if lines[n].strip() not in ("", "pass")), -1)
                if at < 0:
                    break
            indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            lines[at] = f"{indent}pass"
        except (ValueError, RecursionError, MemoryError):
            break
    return None, False


def _units(tree: ast.Module, names: _Names) -> tuple[Unit, ...]:
    units: list[Unit] = []
    room = OPERATIONS_MAX
    todo: list[ast.AST] = [tree]
    while todo and room > 0:
        unit: list[Operation] = []
        stack: list[_Part] = list(reversed(list(_body(todo.pop(0), names))))
        while stack and len(unit) < room:
            part = stack.pop()
            if isinstance(part, Operation):
                unit.append(part)
            elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                todo.append(part)
            else:
                stack += reversed(list(_expand(part, names)))
        room -= len(unit)
        if unit:
            units.append(tuple(unit))
    return tuple(units)


class _Names:
    """What the names of a file stand for: imported from where, or the student's own."""

    def __init__(self, nodes: Sequence[ast.AST]) -> None:
        self.imported: dict[str, str] = {}
        self.own: set[str] = set()
        self.attributes: set[str] = set()
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.imported[(alias.asname or alias.name).partition(".")[0]] = alias.name
            elif isinstance(node, ast.ImportFrom):
                self.imported |= {alias.asname or alias.name: alias.name for alias in node.names}
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                self.own.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.own.add(node.name)
            elif isinstance(node, ast.arg):
                self.own.add(node.arg)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                self.attributes.add(node.attr)

    def shown(self, name: str) -> str:
        """What a name contributes: nothing if it is the student's own."""
        if name in self.imported:
            return self.imported[name].rpartition(".")[2]
        return "" if name in self.own else name

    def is_module(self, node: ast.AST) -> bool:
        """Whether the expression is an imported thing, or a dotted path that starts with one."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self.imported


def _body(node: ast.AST, names: _Names) -> Iterator[_Part]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for decorator in node.decorator_list:
            if not (isinstance(decorator, ast.Name) and decorator.id in _FORCED_DECORATORS):
                yield decorator
    yield from getattr(node, "body", ())


def _expand(node: ast.AST, names: _Names) -> Iterator[_Part]:
    """What a node consists of, in the order of evaluation: operations, and nodes still to be expanded."""
    line = getattr(node, "lineno", 0)

    def op(text: str, where: int = line) -> Operation:
        return Operation(text, where)

    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Global() | ast.Nonlocal() | ast.Expr(ast.Constant()):
            return
        case ast.Expr(ast.Call(ast.Name("print"))):
            return
        case ast.ClassDef():
            yield from node.decorator_list
            yield from node.body
        case ast.Assign():
            yield node.value
            yield from node.targets
        case ast.AnnAssign():
            if node.value is not None:
                yield node.value
                yield node.target
        case ast.AugAssign():
            yield node.value
            yield op(_SIGNS[type(node.op)])
            yield node.target
        case ast.BinOp():
            yield node.left
            yield node.right
            yield op(_SIGNS[type(node.op)], node.right.lineno)
        case ast.BoolOp():
            yield from node.values
            yield op(_SIGNS[type(node.op)])
        case ast.UnaryOp():
            yield node.operand
            yield op(_SIGNS[type(node.op)])
        case ast.Compare():
            yield node.left
            for sign, other in zip(node.ops, node.comparators, strict=True):
                yield other
                yield op(_SIGNS[type(sign)])
        case ast.Call():
            yield from _call(node, names)
        case ast.Attribute():
            if not names.is_module(node.value):
                yield node.value
            text = "own" if node.attr in names.attributes else node.attr
            store = "=" if isinstance(node.ctx, ast.Store) else ""
            yield op(f".{text}{store}", node.end_lineno or line)
        case ast.Name():
            if isinstance(node.ctx, ast.Load) and (text := names.shown(node.id)):
                yield op(text)
        case ast.Constant():
            yield op(_constant(node.value))
        case ast.IfExp():
            yield from _parts(node.test, op("?"), node.body, op(":"), node.orelse)
        case ast.If():
            yield from _parts(node.test, op("?"), *node.body)
            if node.orelse:
                yield from _parts(op(":"), *node.orelse)
        case ast.For() | ast.AsyncFor():
            yield from _parts(node.iter, op("for"), node.target, *node.body, *node.orelse)
        case ast.While():
            yield from _parts(node.test, op("while"), *node.body, *node.orelse)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            for generator in node.generators:
                yield from _parts(generator.iter, op("for"), generator.target)
                for test in generator.ifs:
                    yield from _parts(test, op("?"))
            yield from (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        case ast.Return():
            if node.value is not None:
                yield node.value
            yield op("return")
        case ast.Subscript():
            store = "=" if isinstance(node.ctx, ast.Store) else ""
            yield from _parts(node.value, node.slice, op(f"[]{store}"))
        case ast.Lambda():
            yield from _parts(op("lambda"), node.body)
        case ast.List() | ast.Set():
            yield from _parts(*node.elts, op(type(node).__name__))
        case ast.arguments() | ast.expr_context() | ast.operator() | ast.alias():
            return
        case ast.Tuple() | ast.Starred() | ast.Expr() | ast.JoinedStr() | ast.NamedExpr() | ast.keyword():
            yield from ast.iter_child_nodes(node)
        case _:
            yield op(type(node).__name__)
            yield from ast.iter_child_nodes(node)


def _parts(*parts: _Part) -> tuple[_Part, ...]:
    return parts


def _call(node: ast.Call, names: _Names) -> Iterator[_Part]:
    name = "call"
    match node.func:
        case ast.Attribute(value=value, attr=attr):
            name = attr
            if not names.is_module(value):
                yield value
        case ast.Name(id=id):
            name = names.shown(id) or "own"
        case other:
            yield other
    yield from node.args
    for keyword in node.keywords:
        yield keyword.value
        yield Operation(f"{keyword.arg}=", keyword.value.lineno)
    yield Operation(f"{name}()", node.func.end_lineno or node.lineno)


def _constant(value: object) -> str:
    if isinstance(value, str | bytes):
        return "str"
    # The text of a very long number takes Python seconds, or an error.
    return "number" if isinstance(value, int) and abs(value) > 10**18 else repr(value)[:40]


def _words(text: str) -> Iterator[Operation]:
    """Much the same operations, found without a grammar: for sources that have none."""
    line = 1
    found = 0
    for word in _WORD.finditer(text):
        operation = ""
        kind = word.lastgroup
        if kind == "line":
            line += 1
            continue
        if kind == "called":
            name = word["called"]
            operation = _CONTROL.get(name, f"{name}()") if name not in ("print", "def", "class") else ""
        elif kind == "attribute":
            operation = f".{word['attribute']}"
        elif kind == "name" and word["name"] in _CONTROL:
            operation = _CONTROL[word["name"]]
        elif kind == "name" and word["name"] in _BUILTINS:
            operation = word["name"]
        elif kind == "number":
            operation = word["number"][:40]
        elif kind == "sign" and word["sign"] != "=":
            operation = word["sign"]
        if operation:
            yield Operation(operation, line)
            found += 1
            if found >= OPERATIONS_MAX:
                return
        line += word[0].count("\n")


def count(units: Sequence[Unit]) -> int:
    """How many operations there are."""
    return sum(map(len, units))
