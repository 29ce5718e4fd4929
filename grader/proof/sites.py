"""Which expressions of a solution could be swapped, wrapped or cut off: a guess from the syntax alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import StrEnum

from grader.proof.source import Function, Source

# The names by which a function knows its object, its class, or autograd's notebook: never data.
HANDLES = ("self", "cls", "ctx")
_VALUES = (ast.Name, ast.Attribute, ast.Call, ast.BinOp, ast.Subscript, ast.UnaryOp, ast.IfExp)
_PLAIN = (
    "bool", "dict", "enumerate", "float", "getattr", "hasattr", "int", "isinstance", "issubclass", "len", "list",
    "print", "range", "reversed", "set", "setattr", "sorted", "str", "super", "tuple", "type", "zip",
)  # fmt: skip


class Site(StrEnum):
    """What the code around a value does with it."""

    RETURNED = "returned"
    ASSIGNED = "assigned"
    OPERAND = "operand"
    ARGUMENT = "argument"
    RECEIVER = "receiver"


def site(source: Source, node: ast.expr) -> Site | None:
    """Where a value stands, or None where it is none of these places."""
    parent, field = source.parent(node), source.field(node)
    match parent:
        case ast.Return():
            return Site.RETURNED
        case ast.Tuple() if isinstance(source.parent(parent), ast.Return):
            return Site.RETURNED
        case ast.IfExp() if field in ("body", "orelse"):
            return site(source, parent)
        case ast.Assign() | ast.AugAssign() if field == "value":
            return Site.ASSIGNED
        case ast.BinOp():
            return Site.OPERAND
        case ast.Call(func=ast.Name(id=name)) if field == "args" and name not in _PLAIN:
            return Site.ARGUMENT
        case ast.Call(func=ast.Attribute()) if field == "args":
            return Site.ARGUMENT
        case ast.Attribute() if isinstance(source.parent(parent), ast.Call) and source.field(parent) == "func":
            return Site.RECEIVER
    return None


def is_value(source: Source, node: ast.AST) -> bool:
    """Whether `node` is an expression inside a function that reads data and could be a tensor."""
    if not isinstance(node, _VALUES) or isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        return False
    function = source.function(node)
    if function is None:
        return False
    match node:
        case ast.Name(id=name):
            return name in locals_of(function)
        case ast.Attribute(value=ast.Name(id="self")):
            return not isinstance(source.parent(node), ast.Call) or source.field(node) != "func"
        case ast.Attribute(value=inner) | ast.Subscript(value=inner):
            return is_value(source, inner)
        case ast.Call(func=ast.Name(id=name)):
            return name not in _PLAIN
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")))):
            return False
    return True


def locals_of(function: Function) -> list[str]:
    """The parameters and variables of a function that may hold data, in order of appearance."""
    spec = function.args
    parameters = [*spec.posonlyargs, *spec.args, *filter(None, (spec.vararg,)), *spec.kwonlyargs]
    names = [one.arg for one in parameters]
    inner: list[ast.AST] = list(function.body)
    while inner:
        node = inner.pop(0)
        if isinstance(node, Function | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        inner[:0] = ast.iter_child_nodes(node)
    return [name for name in dict.fromkeys(names) if name not in HANDLES and name != "_"]


def visible(source: Source, node: ast.AST) -> list[str]:
    """The local names that are bound where `node` reads one: parameters, and what is assigned further up."""
    function = source.function(node)
    if function is None:
        return []
    parameters = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
    # The variables of a comprehension live in it only.
    around = [one for one in source.above(node) if isinstance(one, ast.ListComp | ast.SetComp | ast.DictComp)]
    around_too = [one for one in source.above(node) if isinstance(one, ast.GeneratorExp)]
    inside = {
        target.id
        for one in (*around, *around_too)
        for generator in one.generators
        for target in ast.walk(generator.target)
        if isinstance(target, ast.Name)
    }
    assigned = {
        target.id: target.lineno
        for target in reversed(list(ast.walk(function)))
        if isinstance(target, ast.Name)
        and isinstance(target.ctx, ast.Store)
        and not any(isinstance(one, ast.comprehension) for one in source.above(target))
    }
    line = getattr(node, "lineno", 0)
    return [
        name for name in locals_of(function) if name in parameters or name in inside or assigned.get(name, line) < line
    ]


def attributes_of(source: Source, node: ast.AST) -> list[str]:
    """The attributes that the class around `node` assigns on self, in order of appearance."""
    around = next((one for one in source.above(node) if isinstance(one, ast.ClassDef)), None)
    if around is None:
        return []
    return list(
        dict.fromkeys(
            one.attr
            for one in sorted(_attributes(around), key=lambda one: (one.lineno, one.col_offset))
            if isinstance(one.ctx, ast.Store)
        )
    )


def _attributes(node: ast.AST) -> Iterator[ast.Attribute]:
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "self":
            yield one


def is_text(source: Source, node: ast.AST) -> bool:
    """Whether `node` is no behaviour: a docstring, an annotation, part of an f-string, or an import."""
    previous = node
    for one in (node, *source.above(node)):
        if isinstance(one, ast.JoinedStr | ast.Import | ast.ImportFrom):
            return True
        if source.field(one) in ("annotation", "returns"):
            return True
        if isinstance(one, ast.If) and _is_main_guard(one) and previous is not one:
            return True
        previous = one
    return isinstance(node, ast.Constant) and isinstance(source.parent(node), ast.Expr)


def _is_main_guard(node: ast.If) -> bool:
    names = {one.id for one in ast.walk(node.test) if isinstance(one, ast.Name)}
    return "__name__" in names
