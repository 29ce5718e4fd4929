"""Whether stub and reference solution define the same: names, parameters and docstrings, read from the text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import msgspec

from grader.proof.source import Function, clean


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A public function, class or method. `parameters` is their text; a class has those of its `__init__`."""

    name: str
    line: int
    parameters: str
    docstring: str
    is_class: bool


def definitions(source: str) -> dict[str, Definition]:
    """What a source defines, by dotted name, without names that start with `_` (other than `__init__` and such)."""
    return {one.name: one for one in _definitions(ast.parse(clean(source)).body, "")}


def _definitions(body: list[ast.stmt], around: str) -> Iterator[Definition]:
    for node in body:
        if not isinstance(node, Function | ast.ClassDef) or (node.name[0] == "_" and not around):
            continue
        if node.name.startswith("_") and not node.name.endswith("__"):
            continue
        parameters = "" if isinstance(node, ast.ClassDef) else ast.unparse(_plain(node.args))
        yield Definition(
            name=around + node.name,
            line=node.lineno,
            parameters=parameters,
            docstring=ast.get_docstring(node) or "",
            is_class=isinstance(node, ast.ClassDef),
        )
        if isinstance(node, ast.ClassDef):
            yield from _definitions(node.body, f"{around}{node.name}.")


def _plain(arguments: ast.arguments) -> ast.arguments:
    """Without annotations, which are no part of how a function is called."""
    plain = ast.parse(f"def f({ast.unparse(arguments)}): ...").body[0]
    assert isinstance(plain, ast.FunctionDef)
    for node in ast.walk(plain.args):
        if isinstance(node, ast.arg):
            node.annotation = None
    return plain.args


def differences(stub: str, solution: str) -> list[tuple[bool, int, str]]:
    """How the two differ: whether it is to be mended in the stub, the line there, and a sentence."""
    in_stub, in_solution = definitions(stub), definitions(solution)
    found: list[tuple[bool, int, str]] = []
    for name, one in in_stub.items():
        other = in_solution.get(name)
        if other is None and name.partition(".")[0] in in_solution and not in_solution[name.partition(".")[0]].is_class:
            continue  # of a class that is a function there
        if other is None:
            found.append((False, 1, f"{name} of the stub is missing in the solution; define it there, or not here"))
        elif one.is_class != other.is_class:
            found.append(
                (True, one.line, f"{name} is a class in one of stub and solution, and a function in the other")
            )
        elif one.parameters != other.parameters:
            found.append(
                (
                    True,
                    one.line,
                    f"{name}({one.parameters}) is {name}({other.parameters}) in the solution; make them equal",
                )
            )
        elif one.docstring != other.docstring and one.docstring and other.docstring:
            found.append((True, one.line, f"{name} has another docstring than in the solution; make them equal"))
        elif other.docstring and not one.docstring:
            found.append((True, one.line, f"{name} has its docstring only in the solution; students read the stub"))
    for name, one in in_solution.items():
        if name not in in_stub and _is_promised(name, in_stub, in_solution):
            found.append(
                (
                    False,
                    one.line,
                    f"{name} is not in the stub; add it there, or start its name with _ if it is a helper",
                )
            )
    return found


def _is_promised(name: str, in_stub: dict[str, Definition], in_solution: dict[str, Definition]) -> bool:
    # Of a class that is missing as a whole its methods need no line of their own.
    around = name.rpartition(".")[0]
    return not around or around in in_stub or around not in in_solution


def promises(stub: str) -> int:
    """How many functions and methods a stub asks for."""
    return sum(not one.is_class for one in definitions(stub).values())
