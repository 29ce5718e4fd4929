"""Submissions that solve nothing, made of the stub: what they get, a suite gives away.

A *null submission* has all the names that the stub promises, with the right parameters, and answers each call with the
same thing: nothing, zeros, a constant, what it was given, random numbers. It deserves some points at most: a check of
what must not happen (the input is left alone, there are no parameters) is one that it passes by itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import msgspec

from grader.proof.source import Function, clean

# Of the points. No null submission of a sound suite comes near it: what it gets are checks of what must not happen.
ALLOWED = 0.5

_ANSWERS = {
    "nothing": "return None",
    "zeros": "return _first(given) * 0",
    "fresh zeros": "return torch.zeros(tuple(getattr(_first(given), 'shape', ())))",
    "ones": "return torch.ones(tuple(getattr(_first(given), 'shape', ())))",
    "its input": "return given[0] if given else None",
    "random numbers": "return torch.rand(tuple(getattr(_first(given), 'shape', ())))",
}
_HOMES = ("torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.linalg", "torch.special")
_HELPERS = """
import torch


def _first(given):
    for one in given:
        if isinstance(one, torch.Tensor):
            return one
    return torch.zeros(())


def _null(*given):
    {answer}
"""


class Null(msgspec.Struct, frozen=True, kw_only=True):
    """A submission that solves nothing. `allowed` is the share of the points that it may get."""

    name: str
    source: str
    allowed: float = ALLOWED
    advice: str = "let these checks ask for something that it does not do"


def nulls(stub: str, forbidden: Sequence[str], *, forbidden_costs_all: bool) -> list[Null]:
    """The null submissions for a stub: an empty file, one for each answer, and the ready-made versions.

    `forbidden` are the dotted names that the exercise forbids. Where a name in the source takes all points away
    (`forbidden_costs_all`), one that passes it off as its own must get none. Torch's own under the same name is tried
    whether it is forbidden or not; where there is none, that submission fails at its import.
    """
    found = [Null(name="an empty file", source="", allowed=0.0)]
    for name, answer in _ANSWERS.items():
        source = _answering(stub, answer)
        if source is not None:
            found.append(Null(name=f"one that returns {name}", source=source))
    found += _ready_made(stub, forbidden, forbidden_costs_all)
    return found


def _answering(stub: str, answer: str) -> str | None:
    tree = ast.parse(clean(stub))
    functions = [(node, None) for node in tree.body if isinstance(node, Function)]
    methods = [
        (inner, node)
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for inner in node.body
        if isinstance(inner, Function)
    ]
    for function, around in (*functions, *methods):
        function.body = ast.parse(_body(function, around)).body
    if not functions and not methods:
        return None
    future = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    rest = [node for node in tree.body if node not in future]
    helpers = ast.parse(_HELPERS.format(answer=answer)).body
    return ast.unparse(ast.Module(body=[*future, *helpers, *rest], type_ignores=[])) + "\n"


def _body(function: Function, around: ast.ClassDef | None) -> str:
    if around is not None and function.name == "__init__":
        return "super().__init__()" if around.bases else "pass"
    spec = function.args
    names = [one.arg for one in (*spec.posonlyargs, *spec.args)]
    if around is not None and names and not _is_static(function):
        names = names[1:]
    names = [name for name in names if name != "ctx"]
    names += [f"*{spec.vararg.arg}"] if spec.vararg else []
    names += [one.arg for one in spec.kwonlyargs]
    return f"return _null({', '.join(names)})"


def _is_static(function: Function) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in function.decorator_list)


def _ready_made(stub: str, forbidden: Sequence[str], costs_all: bool) -> Iterator[Null]:
    """For each name of the stub, the forbidden ones that are called the same, and torch's, in its place."""
    for node in ast.parse(clean(stub)).body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        alike = [name for name in forbidden if _plain(name.rpartition(".")[2]) == _plain(node.name)]
        for name in dict.fromkeys((*alike, *(f"{home}.{node.name}" for home in _HOMES))):
            module, _, last = name.rpartition(".")
            if not module or module == "torch.Tensor" or (name in alike and not costs_all):
                continue
            if isinstance(node, ast.ClassDef):
                text = f"class {node.name}(_module.{last}):\n    pass\n"
            else:
                text = f"{node.name} = _module.{last}\n"
            yield Null(
                name=f"{name} in place of {node.name}",
                source=f"import {module} as _module\n\n\n{text}",
                allowed=0.0 if name in alike else ALLOWED,
                advice=f"put {name} into forbidden.names, or ask for something that it does not do",
            )


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
