"""CSV as Moodle writes and reads it, cell by cell and to the byte.

PHP's own dialect: inside quotes a backslash takes away what a quotation mark means. A reader that does not know
would cut a cell with ``\\"`` in it elsewhere. A site whose PHP writes without that rule is told by its rows, which
then are of one length without it only. Cells that are not edited keep their bytes, whatever is in them.
"""

from __future__ import annotations

from collections.abc import Iterator


class Sheet:
    """The rows of a file, each a list of cells as they stand there, quotes included, with the ends of the lines."""

    def __init__(self, text: str) -> None:
        split = list(_split(text, escapes=True))
        self._escapes = True
        if not _even(split) and _even(plain := list(_split(text, escapes=False))):
            split, self._escapes = plain, False
        self.rows = [cells for cells, _ in split]
        self._ends = [end for _, end in split]

    def value(self, row: int, column: int) -> str:
        """What a cell holds; empty for one that is not there."""
        cells = self.rows[row]
        return _unquoted(cells[column], escapes=self._escapes) if 0 <= column < len(cells) else ""

    def put(self, row: int, column: int, value: str) -> None:
        """Replace a cell. `value` holds no quotation mark, backslash or line break: every dialect reads it alike."""
        assert not set(value) & set('"\\\r\n')
        cells = self.rows[row]
        cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = f'"{value}"' if any(mark in value for mark in ", ;\t") else value

    def text(self) -> str:
        """The file again."""
        return "".join(",".join(cells) + end for cells, end in zip(self.rows, self._ends, strict=True))


def _even(split: list[tuple[list[str], str]]) -> bool:
    return len({len(cells) for cells, _ in split}) == 1


def _split(text: str, *, escapes: bool) -> Iterator[tuple[list[str], str]]:
    cells: list[str] = []
    start = at = 0
    quoted = False
    while at < len(text):
        char = text[at]
        if quoted:
            if escapes and char == "\\" and at + 1 < len(text):
                at += 2
                continue
            if char == '"':
                quoted = False
        elif char == '"':
            quoted = True
        elif char == ",":
            cells.append(text[start:at])
            start = at + 1
        elif char in "\r\n":
            end = "\r\n" if text.startswith("\r\n", at) else char
            yield [*cells, text[start:at]], end
            cells, start = [], at + len(end)
            at = start
            continue
        at += 1
    if start < len(text) or cells:
        yield [*cells, text[start:]], ""


def _unquoted(cell: str, *, escapes: bool) -> str:
    stripped = cell.strip()
    if len(stripped) < 2 or not (stripped[0] == stripped[-1] == '"'):
        return cell
    inner, kept, at = stripped[1:-1], [], 0
    while at < len(inner):
        if escapes and inner[at] == "\\" and at + 1 < len(inner):
            kept.append(inner[at : at + 2])
            at += 2
        else:
            kept.append(inner[at])
            at += 2 if inner.startswith('""', at) else 1
    return "".join(kept)
