"""The gradebook: everything that a class handed in, what it earned, and what people decided about it."""

from __future__ import annotations

import getpass
import platform
import secrets
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from grader.classroom import Column, Empty, Graded, HandIn, Refused, Row, Student, Unmatched
from grader.gradebook import adding, class_table, regrade, results
from grader.gradebook.database import Database
from grader.gradebook.errors import plain_errors
from grader.gradebook.nouns import Added, AuditEntry, Change, GradebookError, Pending, Run
from grader.gradebook.place import find_place
from grader.gradebook.schema import (
    adjustments,
    audit,
    exercises,
    facts,
    leftovers,
    runs,
    sources,
    storable,
    students,
    submissions,
)
from grader.gradebook.schema import results as results_table
from grader.model import Environment
from grader.policy import Policy
from grader.text import clean_line

SEED_BITS = 31
PAGE = 500


class Gradebook:
    """One gradebook, open. Every method raises GradebookError, one line, when the database can't do it.

    What was given to a method that writes is on the disk when it returns. Iterators read some rows at a time and hold
    no transaction in between, so one can write while one reads. It may be used from several threads, one at a time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._run: int | None = None
        with database.transaction() as connection:
            known = {name: value for name, value in connection.execute(select(facts))}
            self._columns = tuple(_column(row) for row in connection.execute(_in_course_order()))
        with plain_errors(database.shown):
            self._title = known.get("title", "")
            self._policy = msgspec.json.decode(known.get("policy", "{}"), type=Policy)
            self._seed = int(known.get("seed", "0"))

    @classmethod
    def open(
        cls,
        place: str | Path,
        *,
        create: bool = False,
        read_only: bool = False,
        seed: int | None = None,
        backup: bool = True,
        backup_folder: Path | None = None,
    ) -> Self:
        """Open the gradebook at `place`: a folder with a gradebook.sqlite, an SQLite file, or a postgresql:// URL.

        With `create` it is made where there is none, with `seed` (or one that is drawn). An older version is brought
        up to date, after a copy was made beside it (of PostgreSQL with pg_dump, into `backup_folder` or the current
        one); `backup=False` leaves the copy out. Only one process can have it open for writing; any number can read.
        """
        if create and read_only:
            raise ValueError("a gradebook can't be created and only be read")
        database = Database(
            find_place(place), create=create, read_only=read_only, backup=backup, backup_folder=backup_folder
        )
        try:
            if database.created:
                with database.transaction() as connection:
                    drawn = secrets.randbits(SEED_BITS) if seed is None else seed
                    connection.execute(insert(facts).values(name="seed", value=str(drawn)))
                    _note(connection, "created", text=f"seed {drawn}")
            elif database.backup is not None:
                with database.transaction() as connection:
                    _note(connection, "updated", text=f"the older version is in {database.backup}")
            return cls(database)
        except BaseException:
            database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the database and its lock back; a second time does nothing."""
        self._database.close()

    # The course

    @property
    def place(self) -> str:
        """Where it is, as it may be shown: without a password."""
        return self._database.shown

    @property
    def backup(self) -> Path | None:
        """Where the copy of the older version is, if opening it made one."""
        return self._database.backup

    @property
    def title(self) -> str:
        """The title of the course."""
        return self._title

    @property
    def columns(self) -> tuple[Column, ...]:
        """The exercises in course order, with their weights and due times."""
        return self._columns

    @property
    def policy(self) -> Policy:
        """The policy of the course."""
        return self._policy

    @property
    def seed(self) -> int:
        """What every submission of this class is graded with; drawn when the gradebook was made."""
        return self._seed

    def set_course(self, title: str, columns: Sequence[Column], policy: Policy) -> None:
        """Store the exercises and the policy; due times and weights that the policy names go into the columns."""
        columns = policy.fill(columns)
        if (title, columns, policy) == (self._title, self._columns, self._policy):
            return
        with self._database.transaction() as connection:
            if self._columns or self._title:
                for name, before, after in (
                    ("policy", _json(self._policy), _json(policy)),
                    ("weights and due times", _json(_terms(self._columns)), _json(_terms(columns))),
                ):
                    if before != after:
                        _note(connection, "course", text=f"{name}: {before} became {after}")
            for name, value in (("title", storable(title)), ("policy", _json(policy))):
                connection.execute(delete(facts).where(facts.c.name == name))
                connection.execute(insert(facts).values(name=name, value=value))
            connection.execute(delete(exercises))
            if columns:
                connection.execute(
                    insert(exercises),
                    [
                        {**msgspec.structs.asdict(column), "position": position, "checks": _json(column.checks)}
                        for position, column in enumerate(columns)
                    ],
                )
        self._title, self._columns, self._policy = title, columns, policy

    # What was handed in

    def add(self, items: Iterable[HandIn | Unmatched | Refused | Empty], origin: str = "") -> Added:
        """Take in a download. What is known (same student, slug, sha256, submitted_at and ref) is not added again.

        `origin` names the download (its path, say): what it listed as unmatched or refused before, and doesn't any
        more, is forgotten then. Transactions are of some hundred files; after a crash the same call goes on.
        """
        return adding.add(self._database, items, origin)

    def unmatched(self) -> Iterator[Unmatched]:
        """What belongs to nobody or to no exercise, in the order of reading."""
        for student, row in self._leftovers("unmatched"):
            yield Unmatched(place=row.place, why=row.why, student=student)

    def refused(self) -> Iterator[Refused]:
        """What was not read, in the order of reading."""
        for student, row in self._leftovers("refused"):
            assert student is not None
            yield Refused(student=student, place=row.place, why=row.why)

    def source(self, sha256: str, slug: str | None = None) -> bytes | None:
        """The source text (UTF-8) of a file that was handed in, by the SHA-256 of the file or of the text itself.

        One notebook is the file of several exercises: `slug` says which. None if there is no such text.
        """
        query = select(sources.c.data).join(submissions, submissions.c.source_sha256 == sources.c.sha256)
        query = query.where(submissions.c.sha256 == sha256).order_by(submissions.c.id).limit(1)
        if slug is not None:
            query = query.where(submissions.c.slug == slug)
        with self._database.transaction() as connection:
            data = connection.execute(query).scalar()
            if data is None:
                data = connection.execute(select(sources.c.data).where(sources.c.sha256 == sha256)).scalar()
        with plain_errors(self.place):
            return None if data is None else zlib.decompress(data)

    def find_students(self, text: str) -> tuple[Student, ...]:
        """The students whose key, name, e-mail address or any other id is `text`, whatever the capitals, by name."""
        wanted = text.strip().casefold()
        query = select(students).order_by(students.c.sort_name, students.c.key)
        with self._database.transaction() as connection:
            found = [_student(row) for row in connection.execute(query)]
        return tuple(
            one for one in found if wanted and wanted in (name.casefold() for name in (one.key, one.name, *one.ids.values()))
        )

    # Grading

    def pending(self, digests: Mapping[str, str]) -> Iterator[Pending]:
        """What has no grade yet and can be graded, one for each key, oldest first.

        `digests` is by slug (see `key.result_key`); exercises that are not in it are left out. A submission with a
        grade from another digest is not pending: see `propose`. One that could not be graded with another digest is.
        """
        return results.pending(self._database, digests, self._seed)

    def retry_ungraded(self, run: int | None = None, digests: Mapping[str, str] | None = None) -> Iterator[Pending]:
        """What could not be graded, by our own fault, and was not yet tried once more in the run with this id.

        With `digests`, only what was tried with the present digest of its exercise (the others are `pending`).
        """
        return results.retry_ungraded(self._database, self._run if run is None else run, digests, self._seed)

    def record(self, key: str, pending: Pending, graded: Graded) -> None:
        """Store a result, durably. A graded one is final; an ungraded one can be replaced under the same key.

        It becomes the grade of every submission of that content that has none. Raises ValueError for a result of
        something else than `pending`.
        """
        self.record_many([(key, pending, graded)])

    def record_many(self, items: Iterable[tuple[str, Pending, Graded]]) -> None:
        """Store several results in one transaction: all of them or, on an error, none."""
        results.record(self._database, items, self._run, self._seed)

    def result(self, key: str) -> Graded | None:
        """The result under that key, whether it is anybody's grade or not."""
        with self._database.transaction() as connection:
            data = connection.execute(select(results_table.c.data).where(results_table.c.key == key)).scalar()
        with plain_errors(self.place):
            return None if data is None else results.unpack(data)

    def rows(self, *, student_keys: Collection[str] | None = None) -> Iterator[Row]:
        """The table of the class, by name and then key; with `student_keys` only of those."""
        return class_table.rows(self._database, self._columns, self._policy, student_keys)

    # Regrading

    def outdated(self, digests: Mapping[str, str]) -> dict[str, int]:
        """How many grades (by slug, in the order of `digests`) are from another digest of their exercise."""
        return regrade.outdated(self._database, digests)

    def propose(self, digests: Mapping[str, str]) -> Iterator[Pending]:
        """What has to be graded again to replace the grades from other digests.

        What is recorded for it is nobody's grade until `accept`.
        """
        return regrade.propose(self._database, digests, self._seed)

    def changes(self, digests: Mapping[str, str]) -> Iterator[Change]:
        """What `accept` would change, by student: of what was graded again, each attempt that ends in another way."""
        return regrade.changes(self._database, digests, self._seed)

    def accept(self, digests: Mapping[str, str], who: str) -> int:
        """Make what was graded again the grades, all at once; returns how many grades were replaced.

        Ungraded results replace nothing. Adjustments stay. Each change is in the audit trail.
        """
        with self._database.transaction() as connection:
            changed, switched = regrade.switch(connection, digests, self._seed)
            for one in changed:
                _note(connection, "regraded", who=who, student=one.student.key, slug=one.slug, text=_told(one))
            if switched:
                _note(connection, "accepted", who=who, text=f"{switched} grades, {len(changed)} of them changed")
        return switched

    # What people decide

    def adjust(self, student_key: str, slug: str, points: float | None, why: str, who: str) -> None:
        """Let `points` count for a student in an exercise, whatever the suite says; None takes that back.

        Points are out of the exercise's own maximum and stand after lateness. Raises GradebookError for a student or
        an exercise that isn't there, for points out of range, without a reason, and when nothing is there to take back.
        """
        column = next((one for one in self._columns if one.slug == slug), None)
        if column is None:
            raise GradebookError(f"no exercise is called {clean_line(slug, 60)!r} in {self.place}")
        if points is not None and not 0 <= points <= column.max_score:
            raise GradebookError(f"{points:g} points are not possible: {slug} has 0 to {column.max_score:g}")
        if not why.strip():
            raise GradebookError("an adjustment needs a reason; say it with --why")
        with self._database.transaction() as connection:
            student = connection.execute(select(students.c.id).where(students.c.key == student_key)).scalar()
            if student is None:
                raise GradebookError(f"no student has the key {clean_line(student_key, 100)!r} in {self.place}")
            before = class_table.adjustments_of(connection, [student]).get((student, slug))
            if points is None and before is None:
                raise GradebookError(f"{clean_line(student_key, 100)} has no adjustment in {slug} to take back")
            now = _now()
            connection.execute(
                insert(adjustments).values(
                    id=adding.next_id(connection, adjustments),
                    student_id=student,
                    slug=slug,
                    points=None if points is None else float(points),
                    why=storable(why.strip()),
                    who=storable(who),
                    at=now,
                )
            )
            was = f"{before.points:g}" if before else "none"
            text = f"{was} became {'none' if points is None else f'{points:g}'}: {why.strip()}"
            _note(connection, "adjusted", who=who, student=student_key, slug=slug, text=text, at=now)

    def audit(self) -> Iterator[AuditEntry]:
        """Everything that people decided and that changed grades, oldest first."""
        last = 0
        while True:
            with self._database.transaction() as connection:
                query = select(audit).where(audit.c.id > last).order_by(audit.c.id).limit(PAGE)
                page = connection.execute(query).all()
            for row in page:
                yield AuditEntry(
                    at=row.at, who=row.who, action=row.action, student=row.student_key, slug=row.slug, text=row.text
                )
            if len(page) < PAGE:
                return
            last = page[-1].id

    # Runs

    def start_run(
        self, command: str = "", isolation: str = "", environment: Environment | None = None, started_at: str = ""
    ) -> int:
        """Note that a run begins; what is recorded from now on is of it. Returns its id."""
        with self._database.transaction() as connection:
            number = adding.next_id(connection, runs)
            connection.execute(
                insert(runs).values(
                    id=number,
                    command=storable(command),
                    isolation=storable(isolation),
                    environment=_json(environment),
                    host=storable(platform.node()),
                    started_at=started_at or _now(),
                    finished_at="",
                    graded=0,
                    ungraded=0,
                )
            )
        self._run = number
        return number

    def finish_run(self, run_id: int, finished_at: str = "") -> None:
        """Note that a run has ended, and what it recorded."""
        with self._database.transaction() as connection:
            mine = results_table.c.run_id == run_id
            query = select(results_table.c.status, func.count()).where(mine).group_by(results_table.c.status)
            counts = {status: count for status, count in connection.execute(query)}
            ungraded = counts.pop("ungraded", 0)
            connection.execute(
                update(runs)
                .where(runs.c.id == run_id)
                .values(finished_at=finished_at or _now(), graded=sum(counts.values()), ungraded=ungraded)
            )
        if self._run == run_id:
            self._run = None

    def last_run(self) -> Run | None:
        """The latest run, if there was one."""
        with self._database.transaction() as connection:
            row = connection.execute(select(runs).order_by(runs.c.id.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        fields = dict(row._mapping)
        with plain_errors(self.place):
            environment = msgspec.json.decode(fields.pop("environment"), type=Environment | None)
        return Run(**fields, environment=environment)

    def _leftovers(self, kind: str):  # type: ignore[no-untyped-def]
        last = 0
        while True:
            query = (
                select(leftovers, students.c.key, students.c.name, students.c.ids)
                .join(students, leftovers.c.student_id == students.c.id, isouter=True)
                .where(leftovers.c.kind == kind, leftovers.c.id > last)
                .order_by(leftovers.c.id)
                .limit(PAGE)
            )
            with self._database.transaction() as connection:
                page = connection.execute(query).all()
            for row in page:
                yield (None if row.key is None else _student(row)), row
            if len(page) < PAGE:
                return
            last = page[-1].id


def _in_course_order():  # type: ignore[no-untyped-def]
    return select(exercises).order_by(exercises.c.position)


def _column(row) -> Column:  # type: ignore[no-untyped-def]
    fields = dict(row._mapping)
    del fields["position"]
    fields["checks"] = msgspec.json.decode(fields["checks"], type=tuple[tuple[str, str, float], ...])
    return Column(**fields)


def _student(row) -> Student:  # type: ignore[no-untyped-def]
    return Student(key=row.key, name=row.name, ids=msgspec.json.decode(row.ids, type=dict[str, str]))


def _terms(columns: Sequence[Column]) -> dict[str, tuple[float, str]]:
    return {column.slug: (column.weight, column.due) for column in columns}


def _told(change: Change) -> str:
    before, after = change.before, change.after
    flips = ", ".join(
        f"{flip.id}: {flip.before.value if flip.before else 'new'} -> {flip.after.value if flip.after else 'gone'}"
        for flip in change.flips
    )
    text = (
        f"attempt {change.attempt}: {before.status.value} {before.score:g}/{before.max_score:g} became "
        f"{after.status.value} {after.score:g}/{after.max_score:g}"
    )
    return f"{text} ({flips})" if flips else text


def _note(
    connection: Connection,
    action: str,
    *,
    who: str = "",
    student: str = "",
    slug: str = "",
    text: str = "",
    at: str = "",
) -> None:
    connection.execute(
        insert(audit).values(
            id=adding.next_id(connection, audit),
            at=at or _now(),
            who=storable(who or _user()),
            action=action,
            student_key=storable(student),
            slug=slug,
            text=storable(text),
        )
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
