"""Find the files that a student hands in, and read them.

A file belongs to the exercise whose slug is its name: `matmul.py`. A notebook may hold one exercise or many: it is
read as a Python file for each that it answers (`grader.notebooks`). Everything here is hostile: names, sizes,
links, encodings. A file that can't be used is a `Submission` without source whose `problem` says in one line
what is wrong and what to do; it does not stop the others. Whether it is valid Python is not asked here.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from grader.course import EXERCISES, SOLUTIONS, Course
from grader.notebooks.cells import CellMap
from grader.text import clean_line
from grader.untouched import is_untouched

SOURCE_MAX_BYTES = 256 * 1024
NOTEBOOKS_MAX = 200  # that one search reads
PYTHON, NOTEBOOK = ".py", ".ipynb"
ENTRIES_MAX = 20_000
FOLDER_DEPTH_MAX = 12
UNMATCHED_MAX = 100
ALIKE_MAX = 8  # files for one exercise that are looked at for the one that was worked on
# Folders in which nobody keeps a submission. A virtual environment is known by its pyvenv.cfg as well.
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist"})
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?\r?$")
# ASCII is a part of UTF-8; a file that declares it and then holds more is refused by the decoding.
_FINE = frozenset({"utf-8", "utf-8-sig", "ascii"})
_WIDE_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """One file for one exercise. `file` is its name without folders; `sha256` is that of its bytes, in hex.

    `source` is None exactly if `problem` says why the file can't be graded; then `sha256` may be empty. Of a notebook
    `source` is the Python file that it stands for in this exercise, and `cells` says where its lines came from.
    """

    slug: str
    path: Path
    file: str
    sha256: str = ""
    source: str | None = None
    problem: str = ""
    cells: CellMap | None = None

    @property
    def content_sha256(self) -> str:
        """The SHA-256, in hex, of what is graded: of a notebook, no output and no other exercise changes it."""
        if self.cells is None or self.source is None:
            return self.sha256
        return hashlib.sha256(self.source.encode("utf-8", "surrogatepass")).hexdigest()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the given paths: submissions in course order, and lines about what is not used.

    `unmatched` are Python files and notebooks in folders that belong to no exercise (100 at most), `blocked`
    the slugs whose file is there but whose exercise is broken in this course.
    """

    submissions: tuple[Submission, ...] = ()
    problems: tuple[str, ...] = ()
    unmatched: tuple[Path, ...] = ()
    blocked: tuple[str, ...] = ()


def find(course: Course, paths: Sequence[Path], only: Collection[str] = ()) -> Found:
    """The submissions in `paths` (files, or folders searched at any depth); with `only`, of those slugs.

    A file given by name whose name is no slug belongs to the exercise in `only`, if that is a single one.
    A slug that is found in two files is not graded: nobody can tell which one is meant. One that is as students got it
    does not count then.
    """
    search = _Search(course, only)
    for path in paths:
        search.add(path)
    return search.result()


def read(path: Path, slug: str, *, follow_links: bool = True) -> Submission:
    """Read one Python file: at most 256 KiB of UTF-8. Never raises for what is wrong with the file."""
    file = _name(path)
    raw = _bytes_of(path, follow_links, SOURCE_MAX_BYTES, "of source, so shorten it")
    if isinstance(raw, str):
        return Submission(slug=slug, path=path, file=file, problem=raw)
    sha256 = hashlib.sha256(raw).hexdigest()
    try:
        source = _decode(raw)
    except _UnusableError as error:
        problem = f"{file} {error}"
        return Submission(slug=slug, path=path, file=file, sha256=sha256, problem=problem)
    return Submission(slug=slug, path=path, file=file, sha256=sha256, source=source)


def read_notebook(
    path: Path, stubs: Mapping[str, str], *, asked: str = "", follow_links: bool = True
) -> tuple[Submission, ...] | str:
    """Read one notebook (at most 32 MiB): a submission for each exercise that it answers, or one line of what is wrong.

    `stubs` are those of the exercises that may be meant (see `stubs_of`); the one `asked` for gets a submission in any
    case, with a problem if need be. Never raises for what is wrong with the file.
    """
    from grader.notebooks.document import NOTEBOOK_MAX_BYTES

    advice = "clear the outputs of the notebook and save it"
    raw = _bytes_of(path, follow_links, NOTEBOOK_MAX_BYTES, f"for a notebook; {advice}")
    found = raw if isinstance(raw, str) else submissions_in(raw, path, stubs, asked=asked)
    if isinstance(found, str) and asked:
        sha256 = "" if isinstance(raw, str) else hashlib.sha256(raw).hexdigest()
        return (Submission(slug=asked, path=path, file=_name(path), sha256=sha256, problem=found),)
    return found


def submissions_in(
    raw: bytes, path: Path, stubs: Mapping[str, str], *, asked: str = ""
) -> tuple[Submission, ...] | str:
    """The same for a notebook whose bytes are known, such as one from an archive; `path` says where it is from."""
    from grader.notebooks.document import NotebookError
    from grader.notebooks.read import answers

    file, sha256 = _name(path), hashlib.sha256(raw).hexdigest()
    try:
        found = answers(raw, file, stubs, asked=asked)
    except NotebookError as error:
        return f"{file} {error}"
    return tuple(
        Submission(
            slug=one.slug,
            path=path,
            file=file,
            sha256=sha256,
            source=one.source,
            problem=one.problem,
            cells=one.cells,
        )
        for one in found
    )


def stubs_of(course: Course, slugs: Collection[str]) -> dict[str, str]:
    """The source of the stub of each of these exercises, in course order; empty for one that can't be read."""
    found = {}
    for exercise in course.exercises:
        if exercise.slug in slugs:
            try:
                found[exercise.slug] = exercise.stub.read_text("utf-8")
            except (OSError, ValueError):
                found[exercise.slug] = ""
    return found


class _UnusableError(Exception):
    """What is wrong with the bytes, as the rest of a sentence that starts with the file's name."""


class _Place(msgspec.Struct, frozen=True):
    """Where a slug was found, whether that was given by name, and what a notebook holds for it."""

    path: Path
    named: bool
    answer: Submission | None = None


class _Search:
    def __init__(self, course: Course, only: Collection[str]) -> None:
        self._course = course
        self._only = only
        self._wanted = {slug for slug in course.slugs if not only or slug in only}
        self._blocked: dict[str, None] = {}
        self._places: dict[str, dict[str, _Place]] = defaultdict(dict)
        self._stubs: dict[str, str] | None = None
        self._notebooks: set[str] = set()
        self._problems: list[str] = []
        self._unmatched: list[Path] = []

    def add(self, path: Path) -> None:
        """Take what is at `path` into account."""
        try:
            mode = path.stat().st_mode
        except OSError as error:
            self._problems.append(f"{shown(path)}: {error.strerror or error}")
            return
        if not stat.S_ISDIR(mode):
            self._named(path)
        elif path.resolve() == self._course.root:
            self._walk(path / EXERCISES)  # the rest of a course is the instructor's
        else:
            self._walk(path)

    def result(self) -> Found:
        submissions = []
        for slug in self._course.slugs:
            places = self._worked_on(slug, list(self._places.get(slug, {}).values()))
            if len(places) == 1:
                submissions.append(_read_at(places[0], slug))
            elif places:
                listed = ", ".join(shown(one.path) for one in places[:3]) + (", ..." if len(places) > 3 else "")
                what = "for it" if any(one.answer for one in places) else "of that name"
                self._problems.append(
                    f"{slug}: {len(places)} files {what} ({listed}), so none is graded; name the one you mean"
                )
        return Found(
            submissions=tuple(submissions),
            problems=tuple(self._problems),
            unmatched=tuple(self._unmatched),
            blocked=tuple(self._blocked),
        )

    def _worked_on(self, slug: str, places: list[_Place]) -> list[_Place]:
        """Of several files for an exercise those with work in them: neither stub nor notebook as students got it."""
        if not 1 < len(places) <= ALIKE_MAX:
            return places
        stub = stubs_of(self._course, [slug])[slug]
        worked_on = []
        for place in places:
            source = _read_at(place, slug).source
            if source is None or not is_untouched(source, stub):
                worked_on.append(place)
        return worked_on or places[:1]

    def _named(self, path: Path) -> None:
        """A file given by name: it is meant, so whatever keeps it from being graded is said."""
        slug = path.stem
        if path.suffix == NOTEBOOK:
            self._notebook(path, named=True)
        elif path.suffix != PYTHON:
            hint = "is not a Python file or a notebook; a submission is named after its exercise, such as matmul.py"
            self._problems.append(f"{shown(path)} {hint}")
        elif slug in self._wanted:
            self._take(slug, path, named=True)
        elif slug in self._course.broken:
            self._block(slug, path)
        elif slug in self._course.slugs:
            self._problems.append(f"{shown(path)} is not of the exercises asked for with --exercise")
        elif len(self._only) == 1 and self._wanted:
            self._take(next(iter(self._wanted)), path, named=True)
        else:
            self._problems.append(
                f"{shown(path)}: no exercise is called {clean_line(slug, 60)}; rename the file, or say "
                "which one it is with --exercise SLUG"
            )

    def _notebook(self, path: Path, *, named: bool) -> None:
        """Take the exercises that a notebook answers; one that is named after an exercise is meant for that."""
        real = os.path.realpath(path)
        if real in self._notebooks:
            return
        if len(self._notebooks) == NOTEBOOKS_MAX:
            self._problems.append(
                f"more than {NOTEBOOKS_MAX} notebooks, so the rest is not read; name a smaller folder"
            )
        self._notebooks.add(real)
        if len(self._notebooks) > NOTEBOOKS_MAX:
            return
        if self._stubs is None:
            # Those not asked for as well: their cells are theirs.
            self._stubs = stubs_of(self._course, self._course.slugs)
        meant = path.stem if path.stem in self._wanted else ""
        if named and len(self._only) == 1 and self._wanted:
            meant = next(iter(self._wanted))
        found = read_notebook(path, self._stubs, asked=meant, follow_links=named)
        if isinstance(found, str):
            self._problems.append(f"{shown(path)}{found.removeprefix(_name(path))}")
            return
        wanted = [one for one in found if one.slug in self._wanted]
        for one in wanted:
            self._take(one.slug, path, named=named, answer=one)
        if path.stem in self._course.broken and (named or not self._only or path.stem in self._only):
            self._block(path.stem, path)
        elif wanted:
            return
        elif named and found:
            self._problems.append(f"{shown(path)} answers none of the exercises asked for with --exercise")
        elif named:
            self._problems.append(
                f"{shown(path)} answers no exercise of this course: no cell defines what one asks for, and none has a "
                f"tag such as exercise:{next(iter(self._stubs), 'slug')}"
            )
        elif not found and len(self._unmatched) < UNMATCHED_MAX:
            self._unmatched.append(path)

    def _take(self, slug: str, path: Path, *, named: bool, answer: Submission | None = None) -> None:
        self._places[slug].setdefault(os.path.realpath(path), _Place(path, named, answer))

    def _block(self, slug: str, path: Path) -> None:
        self._blocked[slug] = None
        self._problems.append(f"{shown(path)} is not graded: the exercise {slug} is broken in this course")

    def _walk(self, top: Path) -> None:
        private = str(self._course.root / SOLUTIONS)
        seen = 0
        todo = [(top, os.path.realpath(top), 0)]
        while todo:
            folder, real, depth = todo.pop()
            try:
                with os.scandir(folder) as scan:
                    entries = sorted(_bounded(scan, ENTRIES_MAX - seen + 1), key=lambda entry: entry.name)
            except OSError as error:
                self._problems.append(f"{shown(folder)}: can't be read ({error.strerror or error})")
                continue
            seen += len(entries)
            if seen > ENTRIES_MAX:
                self._problems.append(
                    f"{shown(top)}: more than {ENTRIES_MAX:,} files, so the search stopped; name a smaller folder"
                )
                return
            if any(entry.name == "pyvenv.cfg" for entry in entries):
                continue
            inner = []
            for entry in entries:
                below = os.path.join(real, entry.name)  # noqa: PTH118  as a text: 20,000 of them
                if entry.name.startswith(".") or entry.name in _SKIPPED or below == private:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if depth < FOLDER_DEPTH_MAX:
                        inner.append((folder / entry.name, below, depth + 1))
                    else:
                        self._problems.append(f"{shown(folder / entry.name)}: too deep a folder, not searched")
                else:
                    self._entry(folder / entry.name, entry)
            todo += reversed(inner)

    def _entry(self, path: Path, entry: os.DirEntry[str]) -> None:
        slug, suffix = path.stem, path.suffix
        if suffix == NOTEBOOK:
            if entry.is_symlink():
                self._problems.append(f"{shown(path)} is a link and is not followed; put the file itself there")
            else:
                self._notebook(path, named=False)
        elif suffix != PYTHON or (slug not in self._wanted and slug not in self._course.broken):
            known = slug in self._course.slugs and suffix == PYTHON
            if suffix == PYTHON and not known and len(self._unmatched) < UNMATCHED_MAX:
                self._unmatched.append(path)
        elif slug in self._course.broken:
            if not self._only or slug in self._only:
                self._block(slug, path)
        elif entry.is_symlink():
            # It could point anywhere, at the reference solution for instance.
            self._problems.append(f"{shown(path)} is a link and is not followed; put the file itself there")
        else:
            self._take(slug, path, named=False)


def shown(path: Path) -> str:
    """A path as it may be printed: one line, bounded, without control characters."""
    return clean_line(os.fsencode(path).decode("utf-8", "replace"), 300)


def _bounded(entries: Iterator[os.DirEntry[str]], most: int) -> Iterator[os.DirEntry[str]]:
    for _, entry in zip(range(most), entries, strict=False):
        yield entry


def _read_at(place: _Place, slug: str) -> Submission:
    return place.answer or read(place.path, slug, follow_links=place.named)


def _name(path: Path) -> str:
    return os.fsencode(path.name).decode("utf-8", "replace")


def _bytes_of(path: Path, follow_links: bool, most: int, advice: str) -> bytes | str:
    try:
        return _read_bytes(path, follow_links, most, advice)
    except OSError as error:
        return f"{_name(path)} can't be read ({error.strerror or error}); check that it is a file that you may read"


def _read_bytes(path: Path, follow_links: bool, most: int, advice: str) -> bytes | str:
    """The bytes of a regular file of acceptable size, or the line that says why not."""
    # Non-blocking, because opening a named pipe would wait for ever. Missing flags are Windows'.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    if not follow_links:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        name = _name(path)
        if not stat.S_ISREG(status.st_mode):
            return f"{name} is not an ordinary file; hand in the file itself"
        raw = file.read(most + 1)
        if len(raw) > most:
            return f"{name} has {_amount(max(status.st_size, len(raw)))}; the most is {_amount(most)} {advice}"
    return raw


def _amount(size: int) -> str:
    return f"{size / 1024:,.0f} KiB" if size < 1024 * 1024 else f"{size / 1024 / 1024:,.0f} MiB"


def _decode(raw: bytes) -> str:
    """Strict UTF-8, with or without a byte order mark. Raises _UnusableError."""
    if raw.startswith(_WIDE_BOMS):
        raise _UnusableError("is saved as UTF-16 or UTF-32; save it as UTF-8")
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise _UnusableError(f"holds a zero byte on line {line}, so it is no text; save it as UTF-8 text")
    cookie = _cookie(raw)
    if cookie:
        try:
            known = codecs.lookup(cookie).name
        except LookupError:
            known = ""
        if known not in _FINE:
            raise _UnusableError(f"declares the encoding {cookie[:40]}; save it as UTF-8 and remove that first comment")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _UnusableError(f"is not UTF-8 (byte 0x{raw[error.start]:02x} on line {line}); save it as UTF-8") from None


def _cookie(raw: bytes) -> str:
    """The encoding that the first two lines declare, as Python reads it (PEP 263); empty without one."""
    for line in raw.split(b"\n", 2)[:2]:
        if found := _COOKIE.match(line):
            return found[1].decode("ascii", "replace")
        if not _BLANK.match(line):
            break
    return ""
