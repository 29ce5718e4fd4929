"""Whether files that are handed out show anything of the private tree.

Private is every line of every file in `solutions/` (also each text in its TOML files) that is not to be found in a stub
or among the texts that are published on purpose, such as titles. A line is looked for without its indentation, and
once more without quotes and comment signs; long ones anywhere in a line, short ones as whole lines. In notebooks the
lines are those of its texts, not those of its JSON. Names of private files count as well, and so do copies of files
that hold no text.
"""

from __future__ import annotations

import hashlib
import json
import keyword
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from grader.course import SOLUTIONS

# Lines from this length on (characters) are looked for inside others too.
LONG = 16
# Shorter than this, in letters and digits, is in any text by chance: `else:`, `return X`.
LEAST = 8
JSON_SUFFIXES = (".ipynb", ".json")
_MARKS = " \t\"'`#,;()[]{}"
_IMPORT = re.compile(r"(?:from\s+([\w.]+)\s+)?import\s+([\w.]+)[\w.,\s*]*")
_WORD = re.compile(r"\w+")
_COMMON = frozenset({*keyword.kwlist, "self", "super", "__init__", "staticmethod", "property", "cls", "torch"})


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """A private line in a file that is handed out: where it stands, where it comes from, and what it is."""

    file: str
    line: int
    source: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} shows {self.source}: {self.text}"


class Private:
    """What must not be handed out of the course in `root`.

    `public` are the sources of stubs, `published` other texts that students may read. A file in `solutions/` that can't
    be read raises OSError: what is not known can't be looked for.
    """

    def __init__(self, root: Path, public: Iterable[str], published: Iterable[str] = ()) -> None:
        self._public = [_plain(line) for text in (*public, *published) for line in text.splitlines()]
        self._public_lines = frozenset(self._public)
        self._public_text = "\n".join(self._public)
        self._whole: dict[str, str] = {}
        self._inside: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._digests: dict[str, str] = {}
        tree = root / SOLUTIONS
        slugs = {path.name for path in tree.glob("*/*") if path.is_dir()}
        for path in sorted(tree.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                shown = path.relative_to(root).as_posix()
                # The reference solution has the name of the stub.
                if path.stem not in slugs:
                    self._names.setdefault(path.name, shown)
                self._add(path, shown)

    def leaks(self, files: Mapping[str, bytes]) -> list[Leak]:
        """What the files, by path, show; at most one for each of their lines."""
        found = []
        for file, data in sorted(files.items()):
            for part in file.split("/"):
                if part in self._names:
                    found.append(Leak(file=file, line=0, source=self._names[part], text="the name of the file"))
            copied = self._digests.get(hashlib.sha256(data).hexdigest())
            if copied:
                found.append(Leak(file=file, line=0, source=copied, text="the whole file"))
            for number, line in _lines(file, data):
                seen = self._seen(_plain(line))
                if seen:
                    found.append(Leak(file=file, line=number, source=seen[0], text=_short(seen[1])))
        return found

    def _add(self, path: Path, shown: str) -> None:
        data = path.read_bytes()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            self._digests[hashlib.sha256(data).hexdigest()] = shown
            return
        for number, line in enumerate(text.splitlines(), 1):
            self._hide(line, f"{shown}:{number}")
        if path.suffix == ".toml":
            try:
                table = tomllib.loads(text)
            except (tomllib.TOMLDecodeError, RecursionError):
                return
            for value in _texts(table):
                for line in value.splitlines():
                    self._hide(line, shown)

    def _hide(self, line: str, where: str) -> None:
        plain = _plain(line)
        for unit in {plain, plain.strip(_MARKS)}:
            if _is_trivial(unit):
                continue
            if len(unit) >= LONG:
                if unit not in self._public_text:
                    self._inside[unit[:LONG]].append((unit, where))
            elif unit not in self._public_lines:
                self._whole.setdefault(unit, where)

    def _seen(self, line: str) -> tuple[str, str] | None:
        """Where the first private text in a line comes from, and the text."""
        if line in self._whole:
            return self._whole[line], line
        for start in range(len(line) - LONG + 1):
            for unit, where in self._inside.get(line[start : start + LONG], ()):
                if line.startswith(unit, start):
                    return where, unit
        for word in re.findall(r"[\w.-]+\.\w+", line):
            if word in self._names and word not in self._public_text:
                return self._names[word], f"the name {word}"
        return None


def _plain(line: str) -> str:
    return " ".join(line.split())


def _is_trivial(line: str) -> bool:
    if sum(map(str.isalnum, line)) < LEAST:
        return True
    imported = _IMPORT.fullmatch(line)
    if imported:
        # What a solution takes from torch may be half of it; pytest and math say nothing.
        return (imported[1] or imported[2]).partition(".")[0] != "torch" or line == "import torch"
    return all(word in _COMMON for word in _WORD.findall(line))


def _lines(file: str, data: bytes) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers; of the texts in a JSON file too, which have the number 0."""
    text = data.decode("utf-8", "replace")
    yield from enumerate(text.splitlines(), 1)
    if file.endswith(JSON_SUFFIXES):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return
        for inner in _texts(value):
            for line in inner.splitlines():
                yield 0, line


def _texts(value: Any) -> Iterator[str]:
    """All texts in nested tables and lists, keys too."""
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield key
                yield from _texts(inner)
        case list():
            # A notebook may keep a cell as one text or as its lines.
            if value and all(isinstance(one, str) for one in value):
                yield "".join(value)
            for inner in value:
                yield from _texts(inner)


def _short(text: str) -> str:
    return f"`{text}`" if len(text) <= 80 else f"`{text[:79]}…`"
