"""Whether a stub gives away what is to be written.

A stub is public by the folder it lies in, so its lines can't be compared with the private tree: a solution that was
written into `exercises/` by mistake would make itself public. Here its functions are compared with those of the
reference solution, statement by statement. Code that is meant to be there is named in `exercise.toml`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

import msgspec

from grader.proof.source import Function, clean


class Solved(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a stub that seems to be a solution: its line, the function that it is in, and what it is."""

    line: int
    name: str
    text: str


def given_away(stub: str, reference: str, given: Collection[str] = ()) -> list[Solved]:
    """What `stub` has of the work that is to be done. Both are sources; `given` are names of given functions.

    A name such as "Linear.forward" is a method, "Linear" all of them. Raises SyntaxError for what Python can't parse.
    """
    ours, theirs = ast.parse(clean(stub)), ast.parse(clean(reference))
    solutions = {name: {ast.unparse(one) for one in _work(node)} for name, node in _functions(theirs)}
    values = {ast.unparse(one) for one in _computed(theirs)}
    found = []
    for name, node in _functions(ours):
        if _is_given(name, given):
            continue
        work = list(_work(node))
        shared = [one for one in work if ast.unparse(one) in solutions.get(name, ())]
        if shared:
            text = f"{name}: `{_short(shared[0])}` is in the reference solution as well"
            found.append(Solved(line=shared[0].lineno, name=name, text=text))
        elif work and name in solutions and not _is_due(node):
            text = f"{name} has code and raises no NotImplementedError"
            found.append(Solved(line=node.lineno, name=name, text=text))
    for one in _computed(ours):
        if ast.unparse(one) in values and not _is_given(_targets(one), given):
            text = f"`{_short(one)}` is in the reference solution as well"
            found.append(Solved(line=one.lineno, name=_targets(one), text=text))
    if not found and not any(_is_due(node) for _, node in _functions(ours)):
        found.append(Solved(line=1, name="", text="nothing in it raises NotImplementedError: is it a solution?"))
    return found


def _is_given(name: str, given: Collection[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in given)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Functions and methods with their dotted names; functions inside them are part of them."""

    def inside(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
        for node in body:
            if isinstance(node, Function):
                yield prefix + node.name, node
            elif isinstance(node, ast.ClassDef):
                yield from inside(node.body, f"{prefix}{node.name}.")

    yield from inside(tree.body, "")


def _work(function: ast.AST) -> Iterator[ast.stmt | ast.expr]:
    """The statements of a function that do something, those of inner blocks too, and the heads of its blocks."""
    for node in ast.walk(function):
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Import() | ast.ImportFrom():
                continue
            case ast.Return(value=None | ast.Constant(value=None)) | ast.Global() | ast.Nonlocal():
                continue
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super"))))):
                continue
            case ast.If() | ast.While():
                yield node.test
            case ast.For() | ast.AsyncFor():
                yield node.iter
            case ast.Raise() if _not_implemented(node):
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.With() | ast.AsyncWith() | ast.Try():
                continue
            case ast.stmt():
                yield node


def _computed(tree: ast.Module) -> Iterator[ast.Assign | ast.AnnAssign]:
    """Assignments outside functions whose value is more than a literal: `relu = lambda X: ...`."""
    for body in (tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))):
        for node in body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                try:
                    ast.literal_eval(node.value)
                except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                    yield node


def _targets(node: ast.Assign | ast.AnnAssign) -> str:
    return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)


def _is_due(function: ast.AST) -> bool:
    return any(isinstance(node, ast.Raise) and _not_implemented(node) for node in ast.walk(function))


def _not_implemented(node: ast.Raise) -> bool:
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _short(node: ast.AST) -> str:
    text = ast.unparse(node).partition("\n")[0]
    return text if len(text) <= 60 else text[:59] + "…"
