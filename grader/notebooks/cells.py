"""Where the lines of a file that was made from a notebook came from, and how a result says so.

The map is also the first line of that file, as a comment: whoever has the text has the map.
"""

from __future__ import annotations

import bisect
import json
import re

import msgspec

from grader.model import CheckResult, Diagnosis, ExerciseResult, Frame, Status

_HEADER = "# cells: "


class Run(msgspec.Struct, frozen=True, array_like=True):
    """`count` lines of the file, from `line` on, are those of cell `cell` from its line `cell_line` on. All from 1."""

    line: int
    count: int
    cell: int
    cell_line: int


class CellMap(msgspec.Struct, frozen=True):
    """The runs in order, and what there is to say about cells that could not be used (one line each)."""

    runs: tuple[Run, ...] = ()
    notes: tuple[str, ...] = ()

    def locate(self, line: int) -> tuple[int, int] | None:
        """The cell and the line in it, or None for a line that came from none."""
        before = bisect.bisect_right(self.runs, line, key=lambda run: run.line)
        if before:
            run = self.runs[before - 1]
            if line < run.line + run.count:
                return run.cell, run.cell_line + line - run.line
        return None


def header(cells: CellMap) -> str:
    """The first line of the file: the map as a comment, ASCII only."""
    return _HEADER + json.dumps(msgspec.to_builtins(cells), separators=(",", ":"))


def cells_in(file: str, source: str | None) -> CellMap | None:
    """The map of a file that was made from the notebook called `file`; None for every other file."""
    if source is None or not file.endswith(".ipynb"):
        return None
    first = source.partition("\n")[0]
    try:
        return msgspec.json.decode(first.removeprefix(_HEADER), type=CellMap)
    except (msgspec.MsgspecError, RecursionError):
        return None


def relocate(result: ExerciseResult, cells: CellMap | None) -> ExerciseResult:
    """The same result, pointing at cells and their lines. Without a map it is returned as it is; twice is once."""
    if cells is None:
        return result
    file = result.submission.file
    problem = result.problem
    if result.status is not Status.PASSED:
        problem = " ".join(filter(None, (problem, *(note for note in cells.notes if note not in problem))))
    return msgspec.structs.replace(
        result,
        checks=tuple(_check(check, file, cells) for check in result.checks),
        diagnoses=tuple(_diagnosis(diagnosis, cells) for diagnosis in result.diagnoses),
        problem=problem,
    )


def _check(check: CheckResult, file: str, cells: CellMap) -> CheckResult:
    return msgspec.structs.replace(
        check,
        frames=tuple(_frame(frame, file, cells) for frame in check.frames),
        message=_message(check.message, cells),
    )


def _diagnosis(diagnosis: Diagnosis, cells: CellMap) -> Diagnosis:
    place = cells.locate(diagnosis.line)
    if place is None or diagnosis.cell:
        return diagnosis
    return msgspec.structs.replace(diagnosis, cell=place[0], line=place[1])


def _frame(frame: Frame, file: str, cells: CellMap) -> Frame:
    place = cells.locate(frame.line) if frame.file == file else None
    if place is None:
        return frame
    cell, line = place
    # The lines around it as far as they are neighbours in the cell too.
    shown = {frame.first_line + index: text for index, text in enumerate(frame.excerpt)}
    first = last = frame.line
    while first - 1 in shown and cells.locate(first - 1) == (cell, line - (frame.line - first) - 1):
        first -= 1
    while last + 1 in shown and cells.locate(last + 1) == (cell, line + (last - frame.line) + 1):
        last += 1
    return msgspec.structs.replace(
        frame,
        file=f"{file}, cell {cell}",
        line=line,
        first_line=line - (frame.line - first) if shown else 0,
        excerpt=tuple(shown[number] for number in range(first, last + 1) if number in shown),
    )


_NOT_WRITTEN = re.compile(r"(Not implemented yet \()line (\d{1,9})(\)\.)")
_UNREADABLE = re.compile(r"(Python cannot read )line (\d{1,9})(: .*)", re.DOTALL)
_ON_LINE = re.compile(r"\bon line (\d{1,9})\b")


def _message(text: str, cells: CellMap) -> str:
    """Sentences of the grader that name a line. What the student's code says stays as it is."""
    for sentence in (_NOT_WRITTEN, _UNREADABLE):
        found = sentence.fullmatch(text)
        place = cells.locate(int(found[2])) if found else None
        if found and place:
            rest = _ON_LINE.sub(lambda one: _on_line(one, cells), found[3]) if sentence is _UNREADABLE else found[3]
            return f"{found[1]}cell {place[0]}, line {place[1]}{rest}"
    return text


def _on_line(found: re.Match[str], cells: CellMap) -> str:
    place = cells.locate(int(found[1]))
    return f"in cell {place[0]}, line {place[1]}" if place else found[0]
