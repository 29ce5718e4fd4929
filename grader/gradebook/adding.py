"""Take a download into the gradebook, a few hundred files in a transaction."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from grader.classroom import Empty, HandIn, Refused, Student, Unmatched
from grader.gradebook.database import Database, next_id
from grader.gradebook.key import content_of, digest_of, identity_of, source_bytes
from grader.gradebook.nouns import Added
from grader.gradebook.schema import facts, leftovers, sources, storable, students, submissions

BATCH = 300
LINE_MAX_CHARS = 2000
_OPEN_IMPORT = "open_import"
"""The fact that tells which import was begun and has not ended: after a crash it goes on under its number."""

Item = HandIn | Unmatched | Refused | Empty


def add(database: Database, items: Iterable[Item], origin: str) -> Added:
    """Add what is not known yet. See `Gradebook.add`."""
    with database.transaction() as connection:
        number = _begin(connection)
    total = Added()
    for batch in _batches(items):
        with database.transaction() as connection:
            done = _Batch(connection, number, storable(origin)).add(batch)
        total = Added(
            new=total.new + done.new,
            known=total.known + done.known,
            unmatched=total.unmatched + done.unmatched,
            refused=total.refused + done.refused,
        )
    with database.transaction() as connection:
        if origin:  # what the same download said before, and doesn't any more
            stale = (leftovers.c.origin == storable(origin)) & (leftovers.c.import_id != number)
            connection.execute(delete(leftovers).where(stale))
        connection.execute(delete(facts).where(facts.c.name == _OPEN_IMPORT))
    return total


def sort_name(name: str) -> str:
    """What a name is sorted by: no capitals, and letters with marks beside those without."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in parts if not unicodedata.combining(char))


def _batches(items: Iterable[Item]) -> Iterator[Sequence[Item]]:
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _begin(connection: Connection) -> int:
    """The number of this import: a new one, or that of one which was killed."""
    found = connection.execute(select(facts.c.value).where(facts.c.name == _OPEN_IMPORT)).scalar()
    if found is not None:
        return int(found)
    latest = [
        connection.execute(select(func.coalesce(func.max(table.c.import_id), 0))).scalar_one()
        for table in (submissions, leftovers)
    ]
    number = max(latest) + 1
    connection.execute(insert(facts).values(name=_OPEN_IMPORT, value=str(number)))
    return int(number)


class _Batch:
    def __init__(self, connection: Connection, number: int, origin: str) -> None:
        self._connection = connection
        self._number = number
        self._origin = origin

    def add(self, items: Sequence[Item]) -> Added:
        ids = self._students([one.student for one in items if one.student is not None])
        new, known = self._hand_ins([one for one in items if isinstance(one, HandIn)], ids)
        rest = [one for one in items if isinstance(one, Unmatched | Refused)]
        self._leftovers(rest, ids)
        refused = sum(isinstance(one, Refused) for one in rest)
        return Added(new=new, known=known, unmatched=len(rest) - refused, refused=refused)

    def _students(self, those: Sequence[Student]) -> dict[str, int]:
        """The ids of these students by key; new ones are added, and what is new about known ones."""
        merged: dict[str, Student] = {}
        for one in those:
            key = storable(one.key)
            merged[key] = _merge(merged.get(key), one)
        found = {
            row.key: row
            for keys in _parts(merged)
            for row in self._connection.execute(select(students).where(students.c.key.in_(keys)))
        }
        ids = {key: row.id for key, row in found.items()}
        fresh = []
        number = next_id(self._connection, students)
        for key, student in merged.items():
            row = found.get(key)
            if row is None:
                ids[key] = number
                fresh.append({"id": number, **_columns(student)})
                number += 1
                continue
            before = Student(key=key, name=row.name, ids=msgspec.json.decode(row.ids, type=dict[str, str]))
            after = _merge(before, student)
            if after != before:
                self._connection.execute(update(students).where(students.c.id == row.id).values(**_columns(after)))
        if fresh:
            self._connection.execute(insert(students), fresh)
        return ids

    def _hand_ins(self, items: Sequence[HandIn], ids: dict[str, int]) -> tuple[int, int]:
        by_identity: dict[str, HandIn] = {}
        for item in items:
            by_identity.setdefault(identity_of(item), item)
        for identities in _parts(by_identity):
            query = select(submissions.c.identity).where(submissions.c.identity.in_(identities))
            for identity in self._connection.execute(query).scalars().all():
                del by_identity[identity]
        self._sources(by_identity.values())
        number = next_id(self._connection, submissions)
        rows = [
            {
                "id": number + position,
                "identity": identity,
                "student_id": ids[storable(item.student.key)],
                "slug": item.submission.slug,
                "import_id": self._number,
                "attempt": item.attempt,
                "submitted_at": storable(item.submitted_at),
                "late": item.late,
                "ref": storable(item.ref),
                "file": storable(item.submission.file),
                "sha256": item.submission.sha256,
                "content": (content := content_of(item.submission)),
                "source_sha256": None if item.submission.source is None else content,
                "problem": storable(item.submission.problem),
                "current_key": None,
            }
            for position, (identity, item) in enumerate(by_identity.items())
        ]
        if rows:
            self._connection.execute(insert(submissions), rows)
        return len(rows), len(items) - len(rows)

    def _sources(self, items: Iterable[HandIn]) -> None:
        texts = {
            content_of(one.submission): one.submission.source for one in items if one.submission.source is not None
        }
        for names in _parts(list(texts)):
            query = select(sources.c.sha256).where(sources.c.sha256.in_(names))
            for sha256 in self._connection.execute(query).scalars().all():
                del texts[sha256]
        rows = [{"sha256": sha256, "data": zlib.compress(source_bytes(text))} for sha256, text in texts.items()]
        if rows:
            self._connection.execute(insert(sources), rows)

    def _leftovers(self, items: Sequence[Unmatched | Refused], ids: dict[str, int]) -> None:
        number = next_id(self._connection, leftovers)
        for item in items:
            kind = "refused" if isinstance(item, Refused) else "unmatched"
            key = "" if item.student is None else storable(item.student.key)
            slug = item.slug if isinstance(item, Refused) else ""
            # Without a slug as it was before there was one.
            identity = digest_of(kind, key, item.place, item.why, self._origin, *([slug] if slug else []))
            where = leftovers.c.identity == identity
            renewed = self._connection.execute(update(leftovers).where(where).values(import_id=self._number))
            if renewed.rowcount:
                continue
            self._connection.execute(
                insert(leftovers).values(
                    id=number,
                    identity=identity,
                    kind=kind,
                    student_id=ids[key] if key else None,
                    place=storable(item.place)[:LINE_MAX_CHARS],
                    why=storable(item.why)[:LINE_MAX_CHARS],
                    origin=self._origin,
                    import_id=self._number,
                    slug=storable(slug),
                )
            )
            number += 1


def _merge(before: Student | None, after: Student) -> Student:
    """What is known of a student from two downloads: the later one decides, where it says anything."""
    ids = {storable(name): storable(value) for name, value in after.ids.items()}
    if before is None:
        return Student(key=storable(after.key), name=storable(after.name), ids=ids)
    return Student(key=before.key, name=storable(after.name) or before.name, ids={**before.ids, **ids})


def _columns(student: Student) -> dict[str, str]:
    return {
        "key": student.key,
        "name": student.name,
        "sort_name": sort_name(student.name or student.key),
        "ids": msgspec.json.encode(student.ids, order="sorted").decode(),
    }


def _parts(names: Iterable[str]) -> Iterator[list[str]]:
    everything = list(names)
    for start in range(0, len(everything), BATCH):
        yield everything[start : start + BATCH]
