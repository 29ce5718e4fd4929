"""What somebody does to a copied solution so that it looks like another: source to source."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Mapping

WORDS = [
    "because",
    "since",
    "here",
    "now",
    "matrix",
    "tensor",
    "shape",
    "rows",
    "columns",
    "first",
    "then",
    "next",
    "result",
    "careful",
    "remember",
    "transposed",
    "sum",
    "mean",
    "batch",
    "dimension",
    "weight",
    "keep",
    "store",
    "value",
    "needed",
    "twice",
    "once",
    "loop",
    "over",
    "check",
    "again",
    "sign",
    "wrong",
    "fixed",
    "finally",
]


class _Rename(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self.names.get(node.arg, node.arg)
        return node


def local_names(source: str) -> list[str]:
    """The names of arguments and variables inside functions, but for self, cls and those of __init__."""
    found: dict[str, None] = {}
    kept = {"self", "cls", "ctx"}
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        arguments = [one.arg for one in ast.walk(function) if isinstance(one, ast.arg)]
        if function.name == "__init__":
            kept.update(arguments)
        stored = [one.id for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
        found |= dict.fromkeys([*arguments, *stored])
    return [name for name in found if name not in kept]


def rename(source: str, names: Mapping[str, str]) -> str:
    """Other names for variables and arguments."""
    return ast.unparse(_Rename(names).visit(ast.parse(source)))


def renamed(source: str, draw: random.Random) -> str:
    """New names for all variables and arguments."""
    return rename(source, {name: f"{draw.choice(WORDS)}_{n}" for n, name in enumerate(local_names(source))})


def reordered(source: str, draw: random.Random | None = None) -> str:
    """Methods and functions in the opposite order."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            functions = [one for one in node.body if isinstance(one, ast.FunctionDef)][::-1]
            node.body = [functions.pop(0) if isinstance(one, ast.FunctionDef) else one for one in node.body]
    return ast.unparse(tree)


def uncommented(source: str, draw: random.Random | None = None) -> str:
    """No comments and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and len(body) > 1 else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            del body[0]
    return ast.unparse(tree)


def commented(source: str, draw: random.Random) -> str:
    """A comment of one's own above every line."""
    lines = []
    for line in ast.unparse(ast.parse(source)).split("\n"):
        lines += [f"{line[: len(line) - len(line.lstrip())]}# {' '.join(draw.sample(WORDS, 4))}", line]
    return "\n".join(lines)


def reformatted(source: str, draw: random.Random | None = None) -> str:
    """Many more lines, and spaces in odd places."""
    text = ast.unparse(ast.parse(source)).replace("(", "(  \n   ").replace(", ", " ,   ")
    ast.parse(text)
    return text


def printing(source: str, draw: random.Random | None = None) -> str:
    """A print after every statement of a function."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = [part for one in node.body for part in (ast.parse("print('here')").body[0], one)]
    return ast.unparse(tree)


def split(source: str, draw: random.Random | None = None) -> str:
    """What is returned, and each argument of its calls, gets a variable first."""
    tree = ast.parse(source)
    count = 0
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        new: list[ast.stmt] = []
        for one in body:
            if isinstance(one, ast.Return) and one.value is not None and not isinstance(one.value, ast.Name):
                count += 1
                target = ast.Name(f"part_{count}", ast.Store())
                new.append(ast.Assign([target], one.value, lineno=0))
                one.value = ast.Name(f"part_{count}", ast.Load())
            new.append(one)
        node.body = new  # type: ignore[attr-defined]
    return ast.unparse(ast.fix_missing_locations(tree))


class _Loops(ast.NodeTransformer):
    """`x = [f(a) for a in b]` as a loop."""

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        if not isinstance(node.value, ast.ListComp) or not isinstance(node.targets[0], ast.Name):
            return node
        name, generator = node.targets[0].id, node.value.generators[0]
        text = f"{name} = []\nfor {ast.unparse(generator.target)} in {ast.unparse(generator.iter)}:\n"
        text += f"    {name}.append({ast.unparse(node.value.elt)})"
        return ast.parse(text).body


def looped(source: str, draw: random.Random | None = None) -> str:
    """Loops for comprehensions."""
    return ast.unparse(ast.fix_missing_locations(_Loops().visit(ast.parse(source))))


def annotated(source: str, draw: random.Random | None = None) -> str:
    """Type annotations everywhere, and imports under other names."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = ast.Name("object", ast.Load())
            for one in node.args.args:
                one.annotation = ast.Name("object", ast.Load())
    return (
        ast.unparse(_Rename({"torch": "T", "math": "mathematics"}).visit(tree))
        .replace("import torch\n", "import torch as T\n")
        .replace("import math\n", "import math as mathematics\n")
    )


def with_dead_code(source: str, draw: random.Random | None = None) -> str:
    """A function that nobody calls."""
    extra = (
        "def helper(values):\n    total = 0\n    for one in values:\n        total += one ** 2 % 7\n    return total\n"
    )
    return f"{source}\n\n{extra}"


def broken(source: str, draw: random.Random | None = None) -> str:
    """A syntax error on a line of its own, before the last line."""
    lines = source.rstrip("\n").split("\n")
    at = len(lines) - 1
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    return "\n".join([*lines[:at], f"{indent}x = = 3", *lines[at:]])


def everything(source: str, draw: random.Random) -> str:
    """All that can be done without thinking."""
    source = renamed(uncommented(looped(source)), draw)
    return commented(printing(split(reordered(source))), draw)


DISGUISES: dict[str, Callable[[str, random.Random], str]] = {
    "verbatim": lambda source, draw: source,
    "renamed": renamed,
    "reordered": reordered,
    "uncommented": uncommented,
    "commented": commented,
    "reformatted": reformatted,
    "printing": printing,
    "split": split,
    "looped": looped,
    "annotated": annotated,
    "dead code": with_dead_code,
    "syntax error": broken,
    "everything": everything,
}


def some(source: str, draw: random.Random) -> str:
    """A few of them, by chance."""
    for name in draw.sample(["renamed", "reordered", "commented", "printing", "split", "annotated"], 3):
        source = DISGUISES[name](source, draw)
    return source
