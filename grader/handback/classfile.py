"""The class as one JSON file: everything that the gradebook shows, described by `class.schema.json`.

`python -m grader.handback.classfile` writes the schema beside this module; a test compares. The file is written a
student at a time, each on a line of its own.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from grader import __version__
from grader.classroom import Column, Graded, Refused, Row, Unmatched
from grader.files import write_atomically
from grader.handback.book import Book, Export, with_results
from grader.handback.target import unsaid

CLASS_VERSION = 1
PUBLISHED = Path(__file__).with_name("class.schema.json")
_SURROGATE = re.compile("[\ud800-\udfff]")


class StudentGrades(msgspec.Struct, frozen=True, kw_only=True):
    """One student: the row of the class table with all attempts, and by slug what grading the counted ones gave."""

    row: Row
    results: dict[str, Graded]


class ClassFile(msgspec.Struct, frozen=True, kw_only=True):
    """A whole class. `policy` is how attempts, lateness and weights count; `grader` is the version that wrote it."""

    version: int
    grader: str
    title: str
    policy: dict[str, Any]
    columns: tuple[Column, ...]
    unmatched: tuple[Unmatched, ...]
    refused: tuple[Refused, ...]
    students: tuple[StudentGrades, ...]


def export(book: Book) -> Export:
    """The file, in pieces."""
    notes: list[str] = []
    return Export(pieces=_pieces(book, notes), notes=notes)


def _pieces(book: Book, notes: list[str]) -> Iterator[bytes]:
    head = {
        "version": CLASS_VERSION,
        "grader": __version__,
        "title": book.title,
        "policy": msgspec.to_builtins(book.policy),
        "columns": book.columns,
    }
    yield b"{" + b",\n".join(b'"%s": %s' % (name.encode(), _encoded(value)) for name, value in head.items())
    yield b',\n"unmatched": ['
    yield from _listed(book.unmatched())
    yield b'],\n"refused": ['
    yield from _listed(book.refused())
    yield b'],\n"students": ['
    blank = 0
    for number, (row, graded) in enumerate(with_results(book)):
        blank += sum(cell.points is None for cell in row.cells)
        yield (b",\n" if number else b"\n") + _encoded(StudentGrades(row=row, results=graded))
    yield b"\n]}\n"
    notes += filter(None, [unsaid(blank)])


def _listed(items: Iterator[Any]) -> Iterator[bytes]:
    for number, item in enumerate(items):
        yield (b",\n" if number else b"\n") + _encoded(item)


def _encoded(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, ValueError):  # a lone surrogate, which UTF-8 has no bytes for
        return msgspec.json.encode(_plain(msgspec.to_builtins(value)))


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {_plain(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case str():
            return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


# ---- the schema ----


def schema() -> bytes:
    """The JSON Schema (draft 2020-12) of the file, made from the nouns so that the two can't drift apart."""
    made = msgspec.json.schema(ClassFile)
    for name, definition in made["$defs"].items():
        definition["title"] = name
        definition["description"] = re.sub(r"\s*\n\s*", " ", definition.get("description", "")).strip()
    root = made["$defs"].pop("ClassFile")
    root["properties"]["version"] = {"const": CLASS_VERSION}
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:grader:class:{CLASS_VERSION}",
        **root,
        "$defs": dict(sorted(made["$defs"].items())),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False).encode() + b"\n"


if __name__ == "__main__":
    write_atomically(PUBLISHED, schema())
