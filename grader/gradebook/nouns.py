"""What the gradebook gives out besides the nouns of a class."""

from __future__ import annotations

import msgspec

from grader.classroom import Adjustment, Student
from grader.model import Environment, Outcome, Status


class GradebookError(Exception):
    """The gradebook can't be used, or not like this. The message is one line: what, where, what to do next."""


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What adding a download did: how many files are `new`, `known` from before, `unmatched` and `refused`."""

    new: int = 0
    known: int = 0
    unmatched: int = 0
    refused: int = 0


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """Something to grade, and the key that its result is recorded under. Equal contents are one.

    `source` is None exactly if `problem` says why the file can't be graded. With a source, `file` is the slug with the
    ending of the file: the result is shared by everybody who handed in the same, and a file name can hold a name.
    """

    submission_id: int
    slug: str
    sha256: str
    file: str
    source: str | None = None
    problem: str = ""
    key: str
    digest: str = ""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What one grading gave."""

    status: Status
    score: float
    max_score: float


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """A check that ended in another way. `before` is None for a check that is new, `after` for one that is gone."""

    id: str
    title: str
    before: Outcome | None
    after: Outcome | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What accepting a regrade would do to one attempt. Scores are raw: before lateness.

    An adjustment that is in force stays, and keeps deciding the points. A change whose `after` is ungraded will not be
    accepted: the grade stays what it is.
    """

    student: Student
    slug: str
    submission_id: int
    attempt: int
    before: Mark
    after: Mark
    flips: tuple[Flip, ...] = ()
    adjustment: Adjustment | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit trail; `student` is a key. Entries are only ever added."""

    at: str
    who: str
    action: str
    student: str = ""
    slug: str = ""
    text: str = ""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run over the class. `finished_at` is empty while it runs, and for ever if it was killed."""

    id: int
    command: str
    isolation: str = ""
    environment: Environment | None = None
    host: str = ""
    started_at: str = ""
    finished_at: str = ""
    graded: int = 0
    ungraded: int = 0
