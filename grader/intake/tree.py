"""The files of a download, whatever holds them: a folder, a zip, a tar.

A tree is asked for the names in a folder, for all files below one, and for the bytes of one of them. Nothing follows a
link, every answer is bounded, and what is wrong with the work of one student is a `RefusedError`.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from grader.intake.caps import DOWNLOAD, FOLDER_DEPTH_MAX, STUDENT, IntakeError, RefusedError
from grader.intake.names import is_skipped, plain, shown
from grader.text import clean_line

Parts = tuple[str, ...]


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A file in a tree. `fault` is what makes it hostile, as the rest of a sentence; `at` is the tree's own mark."""

    parts: Parts
    size: int = 0
    is_link: bool = False
    is_folder: bool = False
    fault: str = ""
    at: int = -1


class Child(msgspec.Struct, frozen=True, gc=False):
    """A name in a folder."""

    name: str
    is_folder: bool
    is_link: bool = False


class Tree(Protocol):
    """What holds a download. Paths are parts from its top. `name` is the top's, or empty."""

    name: str

    def children(self, folder: Parts) -> list[Child]:
        """The names in a folder, sorted; none if there is no such folder, or it can't be read and is not the top."""

    def here(self, folder: Parts) -> list[Entry]:
        """The files right in a folder, sorted, with those that are nobody's work."""

    def files(self, folder: Parts) -> Iterator[Entry]:
        """The files at any depth below a folder, without what is nobody's work. Raises RefusedError."""

    def path(self, entry: Entry) -> Path | None:
        """Where the file is on disk, if it is there as it was handed in."""

    def read(self, entry: Entry, most: int) -> bytes:
        """The bytes of a file, at most `most` of them. Raises RefusedError."""

    def close(self) -> None:
        """Let go of open files. Reading on opens them again."""


class FolderTree:
    """A folder on disk."""

    def __init__(self, top: Path) -> None:
        self.name = plain(top.resolve().name)
        self._top = top

    def children(self, folder: Parts) -> list[Child]:
        found = []
        try:
            with os.scandir(self._top.joinpath(*folder)) as scan:
                for entry in scan:
                    found.append(Child(entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()))
                    if len(found) > DOWNLOAD.entries:
                        if folder:  # a student's: whoever asks for the files below it is told
                            break
                        raise IntakeError(
                            f"{shown((str(self._top), *folder))} holds more than {DOWNLOAD.entries:,} files; "
                            "name the folder of one assignment"
                        )
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            if folder:
                return []
            raise IntakeError(f"{shown((str(self._top), *folder))}: {error.strerror or error}") from None
        return sorted(found, key=lambda child: child.name)

    def here(self, folder: Parts) -> list[Entry]:
        return [
            Entry((*folder, child.name), is_link=child.is_link)
            for child in self.children(folder)
            if not child.is_folder
        ]

    def files(self, folder: Parts) -> Iterator[Entry]:
        seen = 0
        todo = [(folder, 0)]
        while todo:
            parts, depth = todo.pop()
            if depth > FOLDER_DEPTH_MAX:
                yield Entry(
                    parts, is_folder=True, fault=f"is more than {FOLDER_DEPTH_MAX} folders deep, so it is not searched"
                )
                continue
            inner = []
            for child in self._scan(parts, STUDENT.entries - seen):
                seen += 1
                if is_skipped(child.name):
                    continue
                if child.is_folder:
                    inner.append(((*parts, child.name), depth + 1))
                else:
                    yield Entry((*parts, child.name), is_link=child.is_link)
            todo += reversed(inner)

    def _scan(self, parts: Parts, most: int) -> list[Child]:
        found: list[Child] = []
        try:
            with os.scandir(self._top.joinpath(*parts)) as scan:
                for entry in scan:
                    if len(found) >= most:
                        raise RefusedError(f"holds more than {STUDENT.entries:,} files; hand in the source files only")
                    found.append(Child(entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()))
        except OSError as error:
            raise RefusedError(f"can't be read ({error.strerror or error})") from None
        if any(child.name == "pyvenv.cfg" for child in found):  # a virtual environment, whatever it is called
            return []
        return sorted(found, key=lambda child: child.name)

    def path(self, entry: Entry) -> Path | None:
        return self._top.joinpath(*entry.parts)

    def read(self, entry: Entry, most: int) -> bytes:
        # Non-blocking, because opening a named pipe would wait for ever. Missing flags are Windows'.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        try:
            with os.fdopen(
                os.open(self._top.joinpath(*entry.parts), flags | getattr(os, "O_NOFOLLOW", 0)), "rb"
            ) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise RefusedError("is not an ordinary file")
                return file.read(most)
        except OSError as error:
            raise RefusedError(f"can't be read ({error.strerror or error})") from None

    def close(self) -> None:
        pass


class ListedTree:
    """The part that all archives share: a sorted list of what is in them."""

    name = ""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = sorted(entries, key=lambda entry: entry.parts)
        environments = {entry.parts[:-1] for entry in entries if entry.parts[-1] == "pyvenv.cfg"}
        self._environments = {folder for folder in environments if folder}

    def entries(self) -> Sequence[Entry]:
        """All of them, the skipped ones too."""
        return self._entries

    def children(self, folder: Parts) -> list[Child]:
        found = []
        depth = len(folder) + 1
        for at, end in self._names(folder):
            first = self._entries[at]
            is_folder = first.is_folder or len(self._entries[end - 1].parts) > depth
            found.append(Child(first.parts[depth - 1], is_folder, first.is_link))
        return found

    def here(self, folder: Parts) -> list[Entry]:
        found = []
        for at, end in self._names(folder):
            for entry in self._entries[at:end]:
                if len(entry.parts) > len(folder) + 1:
                    break
                if not entry.is_folder:
                    found.append(entry)
        return found

    def _names(self, folder: Parts) -> Iterator[tuple[int, int]]:
        """For each name in a folder, from where to where in the list it and all below it are."""
        depth = len(folder)
        at = self._first(folder)
        while at < len(self._entries) and (parts := self._entries[at].parts)[:depth] == folder:
            if len(parts) == depth:  # the folder itself, or a file that is called like it
                at += 1
                continue
            end = bisect_right(self._entries, parts[: depth + 1], lo=at, key=lambda entry: entry.parts[: depth + 1])
            yield at, end
            at = end

    def files(self, folder: Parts) -> Iterator[Entry]:
        depth = len(folder)
        seen = 0
        at = self._first(folder)
        while at < len(self._entries) and (entry := self._entries[at]).parts[:depth] == folder:
            at += 1
            if len(entry.parts) == depth or entry.is_folder:
                continue
            if not entry.fault and self._is_skipped(entry.parts, depth):
                continue
            seen += 1
            if seen > STUDENT.entries:
                raise RefusedError(f"holds more than {STUDENT.entries:,} files; hand in the source files only")
            yield entry

    def _first(self, parts: Parts) -> int:
        return bisect_left(self._entries, parts, key=lambda entry: entry.parts)

    def _is_skipped(self, parts: Parts, depth: int) -> bool:
        if any(is_skipped(part) for part in parts[depth:]):
            return True
        return bool(self._environments) and any(parts[:end] in self._environments for end in range(depth, len(parts)))

    def path(self, entry: Entry) -> Path | None:
        return None


def first_fault(entries: Sequence[Entry]) -> str:
    """What is wrong with the first hostile entry of an archive that a student handed in; empty if none is.

    Links in a virtual environment or a repository's own folder are ordinary there, and nobody reads them.
    """
    for entry in entries:
        if entry.fault:
            return f"is not read, because a file in it {entry.fault}: {_named(entry)}"
        if entry.is_link and not any(is_skipped(part) for part in entry.parts):
            return f"is not read, because a file in it is a link: {_named(entry)}; hand in the file itself"
    return ""


def _named(entry: Entry) -> str:
    return clean_line(plain("/".join(entry.parts)), 80)
