"""Find ready-made versions in a submission: `nn.Linear` in the exercise where `Linear` is to be written.

Static analysis of the very text that is graded; nothing is run or imported. It sees through imports, aliases,
`getattr` with a constant and the like, and never takes a student's own `relu` for torch's. Code that hides a
name on purpose gets past it: a finding is evidence, its absence is none.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

from grader.model import Diagnosis, DiagnosisKind
from grader.names import Kind, Reader, Scope, canonical, parse

FINDINGS_MAX = 20
NAME_MAX_CHARS = 100
_METHOD = "torch.Tensor."
_ATEN = "torch.ops.aten."


def findings(
    source: str, names: Sequence[str], instead: str = "", *, required: Collection[str] = ()
) -> list[Diagnosis]:
    """The uses of forbidden `names` in `source`, in order of lines, at most 20.

    `names` are dotted public names; each covers everything below it, its in-place twin (`relu_`), and where
    it is "torch.Tensor.<method>" a call of that method on anything that isn't the student's own. `instead` is
    the author's sentence on what to build from. `required` are the names that the submission must define
    (see `public_names`): one that is merely imported is a use too. Never raises; source that Python can't
    parse has no findings.
    """
    tree = parse(source)
    if tree is None or not names:
        return []
    search = _Search(names, required)
    reader = Reader(tree, search.used, methods=search.methods, starred=search.starred)
    try:
        module = reader.read()
        search.exported(module, tree)
    except (RecursionError, MemoryError):
        pass  # what was found until then stands
    return [_diagnosis(line, name, instead) for line, name in search.result()]


def public_names(source: str) -> frozenset[str]:
    """The classes and functions that a stub defines at its top level, without those that start with `_`."""
    tree = parse(source)
    if tree is None:
        return frozenset()
    return frozenset(_defined(tree))


class _Search:
    """Collects the uses that are forbidden."""

    def __init__(self, names: Sequence[str], required: Collection[str]) -> None:
        self._required = required
        self._forbidden = {canonical(name) for name in names}
        ends = {name.removeprefix(_METHOD) for name in self._forbidden if name.startswith(_METHOD)}
        self.methods = frozenset(ends | {f"{end}_" for end in ends})
        # The same functions one level below the public ones: torch.ops.aten.linear.
        self._kernels = {name.rpartition(".")[2] for name in self._forbidden if name.rpartition(".")[2].islower()}
        self._found: set[tuple[int, str]] = set()

    def used(self, node: ast.expr, path: str) -> None:
        """Keep the use if its name is forbidden."""
        if self._is_forbidden(path):
            self._found.add((node.lineno, path[:NAME_MAX_CHARS]))

    def starred(self, module: str) -> Sequence[str]:
        """The names that `from module import *` brings in, as far as they matter here."""
        below = f"{module}."
        found = {name.removeprefix(below).partition(".")[0] for name in self._forbidden if name.startswith(below)}
        if self._is_forbidden(module):  # the contents of a whole package are not listed anywhere
            found.update(self._required)
        return sorted(found)

    def exported(self, module: Scope, tree: ast.Module) -> None:
        """Keep what the file passes off as its own: imported, never used, and asked for by the exercise."""
        known = {name for _, name in self._found}
        for name in self._required or _lone_imports(tree):
            for kind, path in module.names.get(name, ()):
                if kind is Kind.PATH and self._is_forbidden(path) and path not in known:
                    self._found.add((module.lines.get(name, 0), path[:NAME_MAX_CHARS]))

    def result(self) -> list[tuple[int, str]]:
        """The uses in order; of `optim` and `optim.SGD` on one line only the longer."""
        shown = [
            (line, name)
            for line, name in self._found
            if not any(line == other and longer.startswith(f"{name}.") for other, longer in self._found)
        ]
        return sorted(shown)[:FINDINGS_MAX]

    def _is_forbidden(self, path: str) -> bool:
        if path.startswith(_ATEN):
            kernel = path.removeprefix(_ATEN).partition(".")[0]
            return kernel.removesuffix("_") in self._kernels or kernel in self._kernels
        prefix = ""
        for part in path.split("."):
            stem = f"{prefix}{part}"
            if stem in self._forbidden or (not part.startswith("_") and stem.removesuffix("_") in self._forbidden):
                return True
            prefix = f"{stem}."
        return False


def _defined(tree: ast.Module) -> set[str]:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")}


def _lone_imports(tree: ast.Module) -> list[str]:
    """The classes imported by a file that defines nothing: one of them must be meant as the solution."""
    if _defined(tree):
        return []
    imports = [alias for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    return [alias.asname or alias.name for alias in imports if alias.name[:1].isupper()]


def _diagnosis(line: int, name: str, instead: str) -> Diagnosis:
    text = f"{name} is the ready-made version, which this exercise asks you to write yourself."
    return Diagnosis(
        check="",
        kind=DiagnosisKind.FORBIDDEN_API,
        name=name,
        text=f"{text} {instead.strip()}".strip(),
        line=line,
    )
