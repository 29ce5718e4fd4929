"""From one student's files to hand-ins: which file is for which exercise, and which attempt it is.

Of a student's work little is held at a time: an archive that was handed in, and the files for one exercise.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from grader import submission
from grader.classroom import Empty, HandIn, Refused, Unmatched
from grader.course import Course
from grader.intake.archive import open_archive
from grader.intake.caps import ARCHIVE_MAX_BYTES, LISTED_MAX, PERSON_MAX_BYTES, SIZES, RefusedError, size_text
from grader.intake.match import Matcher, is_archive, take_apart
from grader.intake.names import common, fold, is_device, plain, shown
from grader.intake.notebooks import notebook_answer, notebook_problem, notebook_slugs
from grader.intake.roster import Person, Piece, Unit
from grader.intake.tree import Tree
from grader.submission import Submission
from grader.text import clean_line
from grader.untouched import is_untouched

Item = HandIn | Unmatched | Refused | Empty
WHY_CHARS = 600
"""The longest line about a file: it may hold the file's name, which is the student's."""
NOTEBOOKS_MAX = 100
"""Notebooks of one student that are read, all attempts together: each can take a second."""
ALIKE_MAX = 50
"""Files for one exercise, handed in by one student, that are looked at: the time to grade them is everybody's."""

_TOO_MUCH = f"is not read: more than {size_text(PERSON_MAX_BYTES)} of Python files and notebooks"


class Room(msgspec.Struct, frozen=True):
    """What is the same for all students. `work` is where files of archives go, under names of ours."""

    tree: Tree
    course: Course
    matcher: Matcher
    work: Path

    def stub(self, slug: str) -> str:
        """The source of an exercise's stub; empty if it can't be read."""
        return submission.stubs_of(self.course, [slug]).get(slug, "")

    def store(self, raw: bytes, name: str) -> Path:
        """Put bytes into a file of that name (one of ours), in a folder called after what they are."""
        digest = hashlib.sha256(raw).hexdigest()
        path = self.work / digest[:2] / digest / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{secrets.token_hex(6)}.part")  # not synced: it can be unpacked again
            part.write_bytes(raw)
            part.replace(path)
        return path


class _File(msgspec.Struct, frozen=True):
    """A file for an exercise. `base` is its path as every re-upload of it has it, `place` its path for a person."""

    base: tuple[str, ...]
    order: tuple[int, ...]
    place: str
    name: str
    ref: str
    is_named: bool
    path: Path
    problem: str = ""


def gather(room: Room, person: Person) -> Iterator[Item]:
    """All that is said about one student: hand-ins in course order, then lines, or that there is nothing."""
    collected = _Collected(room, person)
    handed_in = 0
    for item in collected.hand_ins():
        handed_in += 1
        yield item
    yield from collected.lines()
    yield from collected.refused
    if not handed_in and not collected.refused:
        why = "handed in nothing that belongs to an exercise"
        yield Empty(student=person.student, place=person.place, why=why)


def _is_untouched(read: Submission, stub: str) -> bool:
    return read.source is not None and is_untouched(read.source, stub)


class _Collected:
    def __init__(self, room: Room, person: Person) -> None:
        self._room = room
        self._person = person
        self._bytes = 0
        self._notebooks = 0
        self._listed: list[Unmatched] = list(person.lines)
        self._unlisted = 0
        self.refused: list[Refused] = []
        self._units: list[tuple[Unit, dict[str, list[_File]]]] = []
        for unit in sorted(person.units, key=lambda unit: (unit.submitted_at, unit.number, unit.ref)):
            self._files: dict[str, list[_File]] = defaultdict(list)
            try:
                for piece in list(self._pieces(unit)):
                    self._piece(room.tree, piece, _place(unit, piece))
            except RefusedError as error:
                self._refuse(unit.ref or person.place, str(error))
            else:
                self._units.append((unit, self._files))

    def lines(self) -> Iterator[Unmatched]:
        """The files that are no hand-in."""
        yield from self._listed
        if self._unlisted:
            why = f"{self._unlisted:,} more files that belong to no exercise or can't be read"
            yield Unmatched(place=self._person.place, why=why, student=self._person.student)

    def hand_ins(self) -> Iterator[HandIn]:
        """The attempts at each exercise, in course order."""
        for slug in self._room.course.slugs:
            attempt = 0
            for unit, files in self._latest(slug):
                for file, read in self._attempts(slug, files):
                    attempt += 1
                    yield HandIn(
                        student=self._person.student,
                        attempt=attempt,
                        submitted_at=unit.submitted_at,
                        late=unit.late,
                        ref=file.ref,
                        submission=read,
                    )

    def _latest(self, slug: str) -> list[tuple[Unit, list[_File]]]:
        """The files for an exercise by the time of handing in, without the oldest where there are too many."""
        found = [(unit, files[slug]) for unit, files in self._units if files.get(slug)]
        kept, amount = len(found), 0
        while kept and (amount := amount + len(found[kept - 1][1])) <= ALIKE_MAX:
            kept -= 1
        kept = min(kept, len(found) - 1) if found else 0  # too many at one time are told by whoever reads them
        if kept:
            files = sum(len(files) for _, files in found[:kept])
            self._line(self._person.place, f"{files:,} earlier files for {slug} are not read, as {ALIKE_MAX} later are")
        return found[kept:]

    def _pieces(self, unit: Unit) -> Iterator[Piece]:
        yield from unit.pieces
        for folder in unit.folders:
            for entry in self._room.tree.files(folder):
                own = entry.parts[len(folder) :]
                if own and own[0] not in unit.but:
                    yield Piece(entry=entry, own=own, ref=unit.ref, order=take_apart(own[-1]).again)

    def _piece(self, tree: Tree, piece: Piece, place: str, *, is_inside: bool = False) -> None:
        entry, name = piece.entry, piece.own[-1]
        if entry.is_folder:
            self._line(place, entry.fault)
            return
        if entry.fault:
            raise RefusedError(f"is not read, because a file in it {entry.fault}: {shown(piece.own)}")
        if tree.path(entry) is None and any(is_device(part) for part in piece.own):
            raise RefusedError(f"is not read, because a file in it is called as a device: {shown(piece.own)}")
        kind = take_apart(name).suffix
        if (kind in SIZES or is_archive(name)) and entry.is_link:
            if kind not in SIZES or self._room.matcher.slug(take_apart(name)):
                slug = self._room.matcher.slug(take_apart(name))
                self._refuse(place, "is a link and is not followed; put the file itself there", slug)
        elif kind in SIZES:
            try:
                self._source(tree, piece, place)
            except _OverError:
                raise
            except RefusedError as error:
                self._refuse(place, str(error), self._room.matcher.slug(take_apart(name)))
        elif is_archive(name):
            if is_inside:
                self._line(place, "an archive in an archive is not read; ask for the files themselves")
            else:
                self._archive(tree, piece, place)
        elif why := self._room.matcher.missed(name):
            self._line(place, why)

    def _archive(self, tree: Tree, piece: Piece, place: str) -> None:
        before = {slug: len(files) for slug, files in self._files.items()}
        try:
            raw = tree.read(piece.entry, ARCHIVE_MAX_BYTES + 1)
            if len(raw) > ARCHIVE_MAX_BYTES:
                raise RefusedError(f"is not read: it has more than {size_text(ARCHIVE_MAX_BYTES)}")
            archive = open_archive(raw, piece.own[-1])
            entries = list(archive.files(()))
            sizes = (min(entry.size, SIZES.get(take_apart(entry.parts[-1]).suffix, 0)) for entry in entries)
            if sum(sizes) > PERSON_MAX_BYTES:  # said before anything is unpacked
                raise RefusedError(_TOO_MUCH)
            # Many archives are one folder with everything in it; its name changes from one upload to the next.
            shared = common([entry.parts[:-1] for entry in entries])
            for entry in entries:
                own = (*piece.own, *entry.parts[shared:])
                order = (*piece.order, *take_apart(own[-1]).again)
                inner = Piece(entry=entry, own=own, ref=piece.ref, order=order)
                self._piece(archive, inner, shown((place, *entry.parts)), is_inside=True)
        except _OverError:
            raise
        except RefusedError as error:
            for slug, files in self._files.items():
                del files[before.get(slug, 0) :]
            self._refuse(place, str(error))

    def _source(self, tree: Tree, piece: Piece, place: str) -> None:
        name = plain(piece.own[-1])
        named = take_apart(name)
        slug = self._room.matcher.slug(named)
        if slug in self._room.matcher.broken:
            self._line(place, f"is not graded: the exercise {slug} is broken in this course")
            return
        if not slug and named.suffix == ".py":
            if why := self._room.matcher.missed(name):
                self._line(place, why)
            return
        most = SIZES[named.suffix]
        path, size = tree.path(piece.entry), piece.entry.size
        if path is not None:
            try:
                size = path.lstat().st_size
            except OSError as error:
                raise RefusedError(f"can't be read ({error.strerror or error})") from None
        self._spend(min(size, most))
        if named.suffix == ".ipynb":
            self._notebooks += 1
            if self._notebooks > NOTEBOOKS_MAX:
                raise _OverError(f"is not read: more than {NOTEBOOKS_MAX} notebooks")
        problem = ""
        if size > most:
            problem = f"{name} has {size_text(size)}; the most is {size_text(most)}, so shorten it"
            path = path or Path(name if named.suffix == "" else f"{slug or 'notebook'}{named.suffix}")
        elif path is None:
            path = self._room.store(tree.read(piece.entry, most + 1), f"{slug or 'notebook'}{named.suffix}")
        slugs = {slug} if slug else set()
        if named.suffix == ".ipynb" and not problem:
            slugs |= set(notebook_slugs(path, self._room.course))
        if not slugs:
            problem = problem or notebook_problem(path, self._room.course) or self._room.matcher.missed(name)
            self._line(place, problem or "holds no exercise")
        base = tuple(_base(part) for part in piece.own)
        for one in slugs:
            is_named = one == slug
            file = _File(base, piece.order, place, name, piece.ref, is_named, path, problem)
            self._files[one].append(file)

    def _attempts(self, slug: str, files: list[_File]) -> Iterator[tuple[_File, Submission]]:
        """Of files handed in at one time the attempts, in order; nothing where nobody can tell which file is meant."""
        named = [file for file in files if file.is_named]
        # A name says more than what a notebook happens to define, but not that of a stub which nobody worked on.
        if named and not (len(named) < len(files) and len(named) <= ALIKE_MAX and self._all_untouched(slug, named)):
            files = named
        if len(files) > ALIKE_MAX:
            self._refuse(files[0].place, f"is one of {len(files)} files for {slug}, too many to tell them apart", slug)
            return
        read = [(file, _read(file, slug, self._room.course)) for file in files]
        read.sort(key=lambda one: (one[0].order, len(one[0].base), one[0].place))
        if len({file.base for file, _ in read}) > 1:
            stub = self._room.stub(slug)
            read = [one for one in read if not _is_untouched(one[1], stub)] or read[:1]
            if len({one.content_sha256 for _, one in read}) == 1 and read[0][1].sha256:
                read = read[:1]
        for (file, one), (other, another) in pairwise(read):
            is_same = one.content_sha256 == another.content_sha256 and one.sha256
            if (file.base != other.base) or (file.order == other.order and not is_same):
                why = f"is for {slug} as {other.place} is, and they differ; ask which of the two is meant"
                self._refuse(file.place, why, slug)
                return
        last: _File | None = None
        for file, one in read:
            if last is None or last.order != file.order:
                yield file, one
            last = file

    def _all_untouched(self, slug: str, files: list[_File]) -> bool:
        stub = self._room.stub(slug)
        return all(_is_untouched(_read(file, slug, self._room.course), stub) for file in files)

    def _spend(self, size: int) -> None:
        self._bytes += size
        if self._bytes > PERSON_MAX_BYTES:
            raise _OverError(_TOO_MUCH)

    def _refuse(self, place: str, why: str, slug: str = "") -> None:
        if len(self.refused) >= LISTED_MAX and any(one.slug == slug for one in self.refused):
            self._unlisted += 1
            return
        why = clean_line(why, WHY_CHARS)
        self.refused.append(Refused(student=self._person.student, place=place, why=why, slug=slug))

    def _line(self, place: str, why: str) -> None:
        if len(self._listed) < LISTED_MAX:
            self._listed.append(Unmatched(place=place, why=clean_line(why, WHY_CHARS), student=self._person.student))
        else:
            self._unlisted += 1


class _OverError(RefusedError):
    """All of a student's work together is too much."""


def _read(file: _File, slug: str, course: Course) -> Submission:
    if file.problem:
        return Submission(slug=slug, path=file.path, file=file.name, problem=file.problem)
    if file.path.suffix == ".ipynb":
        return notebook_answer(file.path, file.name, slug, course)
    return msgspec.structs.replace(submission.read(file.path, slug, follow_links=False), file=file.name)


def _base(part: str) -> str:
    named = take_apart(part)
    return fold(named.stem) + named.suffix


def _place(unit: Unit, piece: Piece) -> str:
    return shown((unit.ref, *piece.own)) if unit.folders and piece.ref == unit.ref else shown((piece.ref,))
