"""Read a notebook as the files that it stands for: one Python file for each exercise that it answers.

What the answer is made of: the names that the stub defines, the definitions in cells marked for the exercise, and
whatever these need, from any cell, as it would stand after running all cells in order: of several definitions of a
name the last one counts. Nothing else of the notebook goes in, so a plot, a training loop or a broken cell elsewhere
costs nothing. Nothing is run.
"""

from __future__ import annotations

import ast
import bisect
import builtins
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import msgspec

from grader.forbidden import public_names
from grader.names import parse
from grader.notebooks.belonging import is_ignored, owners
from grader.notebooks.cells import CellMap, Run, header
from grader.notebooks.document import CodeCell, NotebookError, code_cells
from grader.notebooks.ipython import UnreadableCell, dropped_magic
from grader.notebooks.pieces import Kind, Piece, pieces
from grader.text import clean_line

ANSWER_MAX_BYTES = 256 * 1024  # as for a Python file
NOTES_MAX = 5
STATEMENTS_MAX = 10_000
_KNOWN = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__builtins__"}
_DEFINITIONS = (Kind.CLASS, Kind.FUNCTION)
# Calls that may set a constant: of these modules, save what loads, trains or waits.
# fmt: off
_QUICK = frozenset({
    "abc", "cmath", "collections", "contextlib", "copy", "dataclasses", "decimal", "enum", "fractions", "functools",
    "itertools", "logging", "math", "numbers", "numpy", "operator", "os", "pathlib", "platform", "random", "re",
    "statistics", "string", "sys", "time", "torch", "types", "typing", "warnings",
})
_SLOW = frozenset({
    "backward", "compile", "download", "fit", "from_pretrained", "fromfile", "genfromtxt", "hub", "input", "load",
    "loadtxt", "open", "popen", "read", "save", "sleep", "step", "system", "train", "urlopen",
})
# fmt: on
_BUILTIN_CALLS = _KNOWN - {"input", "open", "exec", "eval", "compile", "print", "help", "breakpoint", "exit", "quit"}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a notebook holds for one exercise. `source` is None exactly if `problem` says in one line why."""

    slug: str
    source: str | None = None
    cells: CellMap | None = None
    problem: str = ""


class _Broken(msgspec.Struct, frozen=True):
    """A cell that can't be used: `why` is the rest of a sentence that starts with it."""

    cell: CodeCell
    why: str


def stub_names(source: str) -> frozenset[str]:
    """The public names that a stub defines or sets at its top level."""
    tree = parse(source)
    found = set()
    for node in tree.body if tree is not None else ():
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                found.add(node.name)
            case ast.Assign(targets=targets):
                found.update(one.id for one in targets if isinstance(one, ast.Name))
    return frozenset(name for name in found if not name.startswith("_"))


def answers(raw: bytes, file: str, stubs: Mapping[str, str], *, asked: str = "") -> list[Answer]:
    """What the notebook called `file` holds for each exercise of `stubs` (the source of the stub by slug).

    An exercise that it does not answer is left out, save the one that was `asked` for. Raises NotebookError for what
    is wrong with the notebook as a whole, and nothing else.
    """
    cells = [cell for cell in code_cells(raw) if cell.source.strip() and not is_ignored(cell)]
    notebook = _Notebook(file, cells, owners(cells, stubs))
    found = []
    for slug, stub in stubs.items():
        names = stub_names(stub)
        if slug == asked or notebook.is_answered(slug, public_names(stub) or names):
            found.append(notebook.answer(slug, names))
    return found


class _Notebook:
    """The statements of all cells, by number in the order of running, and who defines what."""

    def __init__(self, file: str, cells: Sequence[CodeCell], owner: Mapping[int, str]) -> None:
        self._file = file
        self._owner = owner
        self.pieces: list[Piece] = []
        self._broken: list[_Broken] = []
        for cell in cells:
            magic = dropped_magic(cell.source)
            if magic:
                self._broken.append(_Broken(cell, f"starts with %%{clean_line(magic, 40)} and so is not run as Python"))
                continue
            try:
                self.pieces += pieces(cell)
                if len(self.pieces) > STATEMENTS_MAX:
                    raise NotebookError(f"has more than {STATEMENTS_MAX:,} statements in its cells, so shorten it")
            except UnreadableCell as error:
                line = f"line {error.line}: " if error.line else ""
                self._broken.append(_Broken(cell, f"can't be read by Python ({line}{clean_line(str(error), 120)})"))
        self.binders: dict[str, list[int]] = defaultdict(list)
        self.extenders: dict[str, list[int]] = defaultdict(list)
        self.droppers: dict[str, list[int]] = defaultdict(list)
        for number, piece in enumerate(self.pieces):
            table = self.droppers if piece.kind is Kind.DROPPED else self.binders
            for name in piece.binds:
                table[name].append(number)
            for name in piece.extends if piece.kind is not Kind.DROPPED else ():
                self.extenders[name].append(number)

    def rank(self, slug: str, cell: int) -> int:
        """How near a cell is to an exercise: 2 its own, 1 nobody's, 0 another one's."""
        owner = self._owner.get(cell, "")
        return 2 if owner == slug else 0 if owner else 1

    def is_answered(self, slug: str, names: Collection[str]) -> bool:
        """Whether there is a cell for the exercise, or one that defines what it asks for and is of no other one."""
        if slug in self._owner.values():
            return True
        for name in names:
            for number in self.binders.get(name, ()):
                piece = self.pieces[number]
                if piece.kind is not Kind.IMPORT and self.rank(slug, piece.cell):
                    return True
        return any(self.rank(slug, one.cell.number) and _defines(one, names) for one in self._broken)

    def answer(self, slug: str, names: Collection[str]) -> Answer:
        """The file for the exercise. `names` are those that its stub defines."""
        choice = _Choice(self, slug)
        for name in sorted(names):
            choice.need(name, forced=True)
        there = bool(choice.chosen)
        for number, piece in enumerate(self.pieces):
            if piece.kind in _DEFINITIONS and self.rank(slug, piece.cell) == 2:
                choice.need_last(number)
        choice.finish()
        if not there:
            return Answer(slug=slug, problem=self._nothing(slug, names))
        source, cells = _assembled([self.pieces[number] for number in sorted(choice.chosen)], self._notes(slug, choice))
        size = len(source.encode("utf-8", "replace"))
        if size > ANSWER_MAX_BYTES:
            problem = f"{self._file} has {size / 1024:,.0f} KiB of code for this exercise; the most is "
            return Answer(slug=slug, problem=f"{problem}{ANSWER_MAX_BYTES // 1024} KiB, so shorten it")
        return Answer(slug=slug, source=source, cells=cells)

    def _nothing(self, slug: str, names: Collection[str]) -> str:
        wanted = " or ".join(sorted(names)) or slug
        for one in self._broken:
            if _defines(one, names) and self.rank(slug, one.cell.number):
                return f"{self._file}: cell {one.cell.number} {one.why}, and it is the one that defines {wanted}"
        return f"{self._file} has no cell that defines {wanted}"

    def _notes(self, slug: str, choice: _Choice) -> tuple[str, ...]:
        """Lines about cells that could not be used and that the answer misses."""
        notes = []
        for one in self._broken:
            rank = self.rank(slug, one.cell.number)
            if rank == 2 or (
                rank and _defines(one, {n for n in choice.needed if not choice.later(n, one.cell.number)})
            ):
                notes.append(f"Cell {one.cell.number} {one.why}, so what it defines is missing.")
        for name, cell in sorted(choice.left_out.items()):
            notes.append(
                f"Cell {cell} sets {clean_line(name, 60)} by code that is not run here; the exercise can't rely on it."
            )
        return tuple(notes[:NOTES_MAX])


class _Choice:
    """The statements that one exercise needs, by following names from those that it asks for."""

    def __init__(self, notebook: _Notebook, slug: str) -> None:
        self._notebook = notebook
        self._slug = slug
        self.chosen: set[int] = set()
        self.needed: set[str] = set()
        self.left_out: dict[str, int] = {}  # names by the cell that would have set them
        self._unknown: set[str] = set()
        self._asked: set[tuple[str, int]] = set()
        self._followed: set[tuple[str, int]] = set()
        self._nearest: dict[str, list[int]] = {}
        self._todo: list[tuple[str, int]] = []

    def need(self, name: str, before: int | None = None, *, forced: bool = False) -> None:
        """Take what `name` stands for: in the end, or for the statement with number `before`."""
        self._one(name, len(self._notebook.pieces) if before is None else before, forced=forced)
        while self._todo:
            self._one(*self._todo.pop(), forced=False)

    def need_last(self, number: int) -> None:
        """Take a definition of the exercise's own cells, unless a later one replaces it."""
        for name in self._notebook.pieces[number].binds:
            self.need(name)

    def later(self, name: str, cell: int) -> bool:
        """Whether the definition that was taken for `name` stands below that cell."""
        numbers = self._notebook.binders.get(name, ())
        return any(number in self.chosen and self._notebook.pieces[number].cell > cell for number in numbers)

    def finish(self) -> None:
        """Take `from x import *` where names are left that nothing else explains."""
        pieces = self._notebook.pieces
        if self._unknown:
            self.chosen.update(
                number
                for number, piece in enumerate(pieces)
                if piece.kind is Kind.STAR and self._notebook.rank(self._slug, piece.cell)
            )
        if self.chosen:
            futures = (number for number, piece in enumerate(pieces) if piece.kind is Kind.FUTURE)
            self.chosen.update(number for number in futures if self._rank(number))

    def _one(self, name: str, before: int, *, forced: bool) -> None:
        if (name, before) in self._asked:
            return
        self._asked.add((name, before))
        self.needed.add(name)
        number = self._find(name, before)
        if number is None:
            if name not in _KNOWN:
                self._unknown.add(name)
                dropped = [n for n in self._notebook.droppers.get(name, ()) if self._rank(n)]
                if dropped:
                    self.left_out.setdefault(name, self._notebook.pieces[dropped[-1]].cell)
            return
        if not self._may_run(number, forced=forced):
            self.left_out.setdefault(name, self._notebook.pieces[number].cell)
            return
        self._take(number)
        if (name, number) not in self._followed:
            self._followed.add((name, number))
            self._follow(name, number)

    def _follow(self, name: str, number: int) -> None:
        """Take what belongs to the definition of `name` that was taken."""
        if self._notebook.pieces[number].module == name:  # import a.b beside import a
            for other in self._fitting(name):
                if self._notebook.pieces[other].module == name:
                    self._followed.add((name, other))
                    self._take(other)
        # Until the name is bound anew: what is changed after that is another object.
        extenders, fitting = self._notebook.extenders.get(name, []), self._fitting(name)
        following = bisect.bisect_right(fitting, number)
        end = fitting[following] if following < len(fitting) else len(self._notebook.pieces)
        for other in extenders[bisect.bisect_right(extenders, number) : bisect.bisect_left(extenders, end)]:
            if self._rank(other) and self._may_run(other, forced=False):
                self._take(other)

    def _rank(self, number: int) -> int:
        return self._notebook.rank(self._slug, self._notebook.pieces[number].cell)

    def _find(self, name: str, before: int) -> int | None:
        """The definition that counts: the last one above, of the exercise's own cells if these have any."""
        fitting = self._fitting(name)
        if not fitting:
            return None
        above = bisect.bisect_left(fitting, before)
        # If none is above, cells were run in another order than they stand in: Python will say what is missing.
        return fitting[above - 1]

    def _fitting(self, name: str) -> list[int]:
        """The statements that bind a name. Those in cells of other exercises are for want of any better."""
        if name not in self._nearest:
            numbers = self._notebook.binders.get(name, [])
            self._nearest[name] = [number for number in numbers if self._rank(number)] or numbers
        return self._nearest[name]

    def _take(self, number: int) -> None:
        if number in self.chosen:
            return
        self.chosen.add(number)
        piece = self._notebook.pieces[number]
        self._todo += ((name, number) for name in piece.now)
        self._todo += ((name, len(self._notebook.pieces)) for name in piece.later)

    def _may_run(self, number: int, *, forced: bool) -> bool:
        """Whether a statement is quick to run: everything but values that are computed by more than a constructor."""
        piece = self._notebook.pieces[number]
        return forced or all(self._is_quick(call, number) for call in piece.calls)

    def _is_quick(self, call: str, before: int) -> bool:
        root, *rest = call.split(".")
        if not _SLOW.isdisjoint((root, *rest)):
            return False
        number = self._find(root, before)
        if number is None:
            return root in _BUILTIN_CALLS
        piece = self._notebook.pieces[number]
        match piece.kind:
            case Kind.CLASS | Kind.VALUE | Kind.CHOICE:
                return True
            case Kind.IMPORT:
                return piece.module.partition(".")[0] in _QUICK
        return False


def _defines(broken: _Broken, names: Collection[str]) -> bool:
    """Whether the text of a cell that can't be read seems to define one of these names."""
    found = re.findall(r"^[ \t]*(?:async[ \t]+)?(?:class|def)[ \t]+(\w+)", broken.cell.source, re.MULTILINE)
    found += re.findall(r"^(\w+)[ \t]*=", broken.cell.source, re.MULTILINE)
    return not set(names).isdisjoint(found)


def _assembled(kept: Sequence[Piece], notes: tuple[str, ...]) -> tuple[str, CellMap]:
    """The file, and where its lines came from. Its first line holds the map."""
    # Python wants these first.
    ordered = [*(one for one in kept if one.kind is Kind.FUTURE), *(one for one in kept if one.kind is not Kind.FUTURE)]
    lines: list[str] = []
    runs: list[Run] = []
    last = 0
    for piece in ordered:
        if last and piece.cell != last:
            lines.append("")
        last = piece.cell
        at = len(lines) + 2
        before = runs[-1] if runs else None
        if (
            before is not None
            and (before.cell, before.cell_line + before.count) == (piece.cell, piece.line)
            and before.line + before.count == at
        ):
            runs[-1] = Run(before.line, before.count + len(piece.lines), piece.cell, before.cell_line)
        else:
            runs.append(Run(at, len(piece.lines), piece.cell, piece.line))
        lines += piece.lines
    cells = CellMap(tuple(runs), notes)
    return "\n".join([header(cells), *lines, ""]), cells
