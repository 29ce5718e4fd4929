"""The gradebook as others use it; the work is done in the modules beside this one."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from grader.classroom import Column, Empty, Graded, HandIn, Refused, Row, Student, Unmatched
from grader.gradebook import adding, adjusting, class_table, lookup, regrade, results, runs, settings, trail
from grader.gradebook.database import Database
from grader.gradebook.nouns import Added, AuditEntry, Change, Pending, Run
from grader.gradebook.place import find_place
from grader.model import Environment
from grader.policy import Policy

SEED_BITS = 31


class Gradebook:
    """One gradebook, open. Every method raises GradebookError, one line, when the database can't do it.

    What was given to a method that writes is on the disk when it returns. Iterators read some rows at a time and hold
    no transaction in between, so one can write while one reads. Several threads may use it; they take turns.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settings = settings.read(database)
        self._run: int | None = None

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
        drawn = secrets.randbits(SEED_BITS) if seed is None else seed
        database = Database(
            find_place(place),
            create=(lambda connection: settings.write_seed(connection, drawn)) if create else None,
            read_only=read_only,
            backup=backup,
            backup_folder=backup_folder,
        )
        try:
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
        return self._settings.title

    @property
    def columns(self) -> tuple[Column, ...]:
        """The exercises in course order, with their weights and due times."""
        return self._settings.columns

    @property
    def policy(self) -> Policy:
        """The policy of the course."""
        return self._settings.policy

    @property
    def seed(self) -> int:
        """What every submission of this class is graded with; drawn when the gradebook was made."""
        return self._settings.seed

    def set_course(self, title: str, columns: Sequence[Column], policy: Policy) -> None:
        """Store the exercises and the policy; due times and weights that the policy names go into the columns.

        A due time or a weight that the policy before named, and this one doesn't, is forgotten.
        """
        before = self._settings
        after = msgspec.structs.replace(before, title=title, columns=policy.fill(columns, before.policy), policy=policy)
        if after != before:
            settings.write(self._database, before, after)
            self._settings = after

    # What was handed in

    def add(self, items: Iterable[HandIn | Unmatched | Refused | Empty], origin: str = "") -> Added:
        """Take in a download. What is known (same student, slug, sha256, submitted_at and ref) is not added again.

        `origin` names the download (its path, say): what it listed as unmatched or refused before, and doesn't any
        more, is forgotten then. Transactions are of some hundred files; after a crash the same call goes on.
        """
        return adding.add(self._database, items, origin)

    def unmatched(self) -> Iterator[Unmatched]:
        """What belongs to nobody or to no exercise, in the order of reading."""
        return lookup.unmatched(self._database)

    def refused(self) -> Iterator[Refused]:
        """What was not read, in the order of reading."""
        return lookup.refused(self._database)

    def source(self, sha256: str, slug: str | None = None) -> bytes | None:
        """The source text (UTF-8) of a file that was handed in, by the SHA-256 of the file or of the text itself.

        One notebook is the file of several exercises: `slug` says which. None if there is no such text.
        """
        return lookup.source(self._database, sha256, slug)

    def find_students(self, text: str) -> tuple[Student, ...]:
        """The students whose key, name, e-mail address or any other id is `text`, whatever the capitals, by name."""
        return lookup.find_students(self._database, text)

    # Grading

    def pending(self, digests: Mapping[str, str]) -> Iterator[Pending]:
        """What has no grade yet and can be graded, one for each key, oldest first.

        `digests` is by slug (see `result_key`); exercises that are not in it are left out. A submission with a grade
        from another digest is not pending: see `propose`. One that could not be graded with another digest is.
        """
        return results.pending(self._database, digests, self.seed)

    def retry_ungraded(self, run: int | None = None, digests: Mapping[str, str] | None = None) -> Iterator[Pending]:
        """What could not be graded, by our own fault, and was not yet tried once more in the run with this id.

        With `digests`, only what was tried with the present digest of its exercise (the others are `pending`).
        """
        return results.retry_ungraded(self._database, self._run if run is None else run, digests, self.seed)

    def record(self, key: str, pending: Pending, graded: Graded) -> None:
        """Store a result, durably. A graded one is final; an ungraded one can be replaced under the same key.

        It becomes the grade of every submission of that content that has none. Raises ValueError for a result of
        something else than `pending`.
        """
        self.record_many([(key, pending, graded)])

    def record_many(self, items: Iterable[tuple[str, Pending, Graded]]) -> None:
        """Store several results in one transaction: all of them or, on an error, none."""
        results.record(self._database, items, self._run)

    def result(self, key: str) -> Graded | None:
        """The result under that key, whether it is anybody's grade or not."""
        return self.results([key]).get(key)

    def results(self, keys: Iterable[str]) -> dict[str, Graded]:
        """The results under these keys, by key, those that there are; one query for each hundred.

        All are in memory at once: ask for those of some students, not of a class.
        """
        return results.read(self._database, keys)

    def rows(self, *, student_keys: Collection[str] | None = None) -> Iterator[Row]:
        """The table of the class, by name and then key; with `student_keys` only of those."""
        return class_table.rows(self._database, self.columns, self.policy, student_keys)

    # Regrading

    def outdated(self, digests: Mapping[str, str]) -> dict[str, int]:
        """How many grades (by slug, in the order of `digests`) are from another digest of their exercise."""
        return regrade.outdated(self._database, digests)

    def propose(self, digests: Mapping[str, str]) -> Iterator[Pending]:
        """What has to be graded again to replace the grades from other digests.

        What is recorded for it is nobody's grade until `accept`.
        """
        return regrade.propose(self._database, digests, self.seed)

    def changes(self, digests: Mapping[str, str]) -> Iterator[Change]:
        """What `accept` would change, by student: of what was graded again, each attempt that ends in another way."""
        return regrade.changes(self._database, digests, self.seed)

    def accept(self, digests: Mapping[str, str], who: str) -> int:
        """Make what was graded again the grades, all at once; returns how many grades were replaced.

        Ungraded results replace nothing. Adjustments stay. Each change is in the audit trail.
        """
        return regrade.accept(self._database, digests, self.seed, who)

    # What people decide

    def adjust(self, student_key: str, slug: str, points: float | None, why: str, who: str) -> None:
        """Let `points` count for a student in an exercise, whatever the suite says; None takes that back.

        Points are out of the exercise's own maximum and stand after lateness. Raises GradebookError for a student or
        an exercise that isn't there, for points out of range, without a reason, and when nothing is there to take back.
        """
        adjusting.adjust(self._database, self.columns, student_key, slug, points, why, who)

    def audit(self) -> Iterator[AuditEntry]:
        """Everything that people decided and that changed grades, oldest first."""
        return trail.read(self._database)

    # Runs

    def start_run(
        self, command: str = "", isolation: str = "", environment: Environment | None = None, started_at: str = ""
    ) -> int:
        """Note that a run begins; what is recorded from now on is of it. Returns its id."""
        self._run = runs.start(self._database, command, isolation, environment, started_at)
        return self._run

    def finish_run(self, run_id: int, finished_at: str = "") -> None:
        """Note that a run has ended, and how many results it recorded."""
        runs.finish(self._database, run_id, finished_at)
        if self._run == run_id:
            self._run = None

    def last_run(self) -> Run | None:
        """The latest run, if there was one."""
        return runs.last(self._database)
