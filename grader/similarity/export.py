"""The works in the layouts that Dolos and JPlag read, for a second opinion.

Dolos reads a zip for each exercise: an `info.csv` with the columns filename, full_name, label, created_at and ignored,
and the files that it names; the one whose `ignored` is "true" is the template, and there can be one only. JPlag reads
a folder for each exercise, with a folder for each submission in it, and is told which of them is the base code.
File names are ours: numbered, ASCII, and never what a student chose.
"""

from __future__ import annotations

import csv
import io
import re
import secrets
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from grader.classroom import Student
from grader.similarity.gather import Book, Class, Work
from grader.similarity.sources import source_of
from grader.text import clean_line

BASE_CODE = "stub"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_COLUMNS = ("filename", "full_name", "label", "created_at", "ignored")


class Tool(StrEnum):
    """Who is to read it."""

    DOLOS = "dolos"
    JPLAG = "jplag"


class ExportError(Exception):
    """The place can't be used. The message is one line: what, and what to do next."""


def export(
    tool: Tool, group: Class, book: Book, stubs: Mapping[str, str], place: Path, *, anonymous: bool = False
) -> list[Path]:
    """Write the works of `group`, with `stubs` as what everybody was given. Returns what was written.

    `place` is a folder, new or empty, or a name that ends in .zip: for JPlag a zip of that folder, for Dolos that of
    the only exercise. Raises ExportError, and OSError.
    """
    slugs = [column.slug for column in group.columns if group.works.get(column.slug)]
    if place.suffix.lower() == ".zip":
        if tool is Tool.DOLOS and len(slugs) != 1:
            raise ExportError(
                f"a zip for Dolos holds one exercise and there are {len(slugs)}; name a folder instead, or one "
                "exercise with --exercise SLUG"
            )
        _write_zip(place, (one for slug in slugs for one in _files(tool, group, book, stubs, slug, anonymous)))
        return [place]
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ExportError(f"{clean_line(str(place), 200)} is there already and not an empty folder; name another one")
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for slug in slugs:
        files = _files(tool, group, book, stubs, slug, anonymous)
        if tool is Tool.DOLOS:
            written.append(place / f"{slug}.zip")
            _write_zip(written[-1], files)
        else:
            written.append(place / slug)
            for name, data in files:
                target = place / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
    return written


def safe_name(number: int, student: Student) -> str:
    """A file name without a suffix that every system takes, and that no other student has."""
    plain = unicodedata.normalize("NFKD", student.name or student.key).encode("ascii", "ignore").decode()
    return f"{number:05d}_{re.sub(r'[^a-z0-9]+', '_', plain.lower()).strip('_')[:40]}".rstrip("_")


def _files(
    tool: Tool, group: Class, book: Book, stubs: Mapping[str, str], slug: str, anonymous: bool
) -> Iterator[tuple[str, bytes]]:
    stub = stubs.get(slug)
    rows: list[dict[str, str]] = []
    if stub is not None and tool is Tool.JPLAG:
        yield f"{slug}/{BASE_CODE}/{slug}.py", stub.encode()
    if stub is not None and tool is Tool.DOLOS:
        rows.append({"filename": f"{BASE_CODE}.py", "ignored": "true"})
        yield f"{BASE_CODE}.py", stub.encode()
    for work in group.works[slug]:
        source = source_of(book.source(work.sha256, slug), work.file, slug)
        if source is None:
            continue
        first = group.students[work.students[0]]
        name = f"{work.students[0] + 1:05d}" if anonymous else safe_name(work.students[0] + 1, first)
        data = source.encode("utf-8", "replace")
        if tool is Tool.JPLAG:
            yield f"{slug}/{name}/{slug}.py", data
        else:
            rows.append(_row(name, work, group, anonymous))
            yield f"{name}.py", data
    if tool is Tool.DOLOS:
        table = io.StringIO()
        writer = csv.DictWriter(table, _COLUMNS, restval="", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        yield "info.csv", table.getvalue().encode("utf-8", "replace")


def _row(name: str, work: Work, group: Class, anonymous: bool) -> dict[str, str]:
    names = [clean_line(group.students[one].name or group.students[one].key, 100) for one in work.students]
    shown = name if anonymous else " and ".join(names)
    if shown.lstrip().startswith(("=", "+", "-", "@", "|", "%")):  # a spreadsheet would run it
        shown = f"'{shown}"
    return {"filename": f"{name}.py", "full_name": shown, "created_at": work.submitted_at, "ignored": "false"}


def _write_zip(path: Path, files: Iterator[tuple[str, bytes]]) -> None:
    """A zip with these files, whole or not at all; one after the other, so that they need not fit into memory."""
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        with zipfile.ZipFile(part, "x", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files:
                entry = zipfile.ZipInfo(name, _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, data)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
