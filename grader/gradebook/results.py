"""What waits to be graded, and what grading gave."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, exists, insert, or_, select, update

from grader.classroom import Graded
from grader.gradebook.database import Database
from grader.gradebook.key import result_key
from grader.gradebook.nouns import Pending
from grader.gradebook.schema import results, sources, storable, submissions
from grader.model import Status

PAGE = 100
"""Sources of so many files are in memory at a time: 25 MiB at the worst."""
_UNGRADED = Status.UNGRADED.value
_FIELDS = (
    submissions.c.id,
    submissions.c.slug,
    submissions.c.sha256,
    submissions.c.content,
    submissions.c.file,
    submissions.c.problem,
    submissions.c.current_key,
    sources.c.data,
)
# Made once: to make a statement takes longer than SQLite takes to execute it.
_STATUS = select(results.c.status).where(results.c.key == bindparam("key"))
_CONTENT = select(submissions.c.content).where(submissions.c.id == bindparam("id"))
_READ = select(results.c.key, results.c.data).where(results.c.key.in_(bindparam("keys", expanding=True)))
_INSERT = insert(results)
_LINK = (
    update(submissions)
    .where(
        submissions.c.slug == bindparam("of_slug"),
        submissions.c.content == bindparam("of_content"),
        or_(
            submissions.c.current_key.is_(None),
            submissions.c.current_key.in_(select(results.c.key).where(results.c.status == _UNGRADED)),
        ),
    )
    .values(current_key=bindparam("to"))
)


def pending(database: Database, digests: Mapping[str, str], seed: int) -> Iterator[Pending]:
    """See `Gradebook.pending`."""
    told: set[str] = set()
    for page in pages(database, _ungraded_by_another(digests)):
        yield from _untold(database, page, digests, seed, told)
    earlier = submissions.alias()
    first = ~exists().where(
        earlier.c.content == submissions.c.content,
        earlier.c.slug == submissions.c.slug,
        earlier.c.id < submissions.c.id,
        earlier.c.current_key.is_(None),
    )
    waiting = and_(submissions.c.current_key.is_(None), submissions.c.slug.in_(list(digests)), first)
    for page in pages(database, wanted().where(waiting)):
        # What is told here is told once by the query itself, so nothing has to be remembered.
        yield from _untold(database, page, digests, seed, set(told))


def retry_ungraded(
    database: Database, run_id: int | None, digests: Mapping[str, str] | None, seed: int
) -> Iterator[Pending]:
    """See `Gradebook.retry_ungraded`."""
    query = (
        wanted(results.c.digest)
        .join(results, submissions.c.current_key == results.c.key)
        .where(results.c.status == _UNGRADED)
    )
    if run_id is not None:
        query = query.where(or_(results.c.retried_run_id.is_(None), results.c.retried_run_id != run_id))
    told: set[str] = set()
    for page in pages(database, query):
        for row in page:
            if row.current_key not in told and (digests is None or digests.get(row.slug) == row.digest):
                told.add(row.current_key)
                yield make_pending(row, row.digest, seed)


def record(database: Database, items: Iterable[tuple[str, Pending, Graded]], run_id: int | None) -> None:
    """See `Gradebook.record_many`: one transaction."""
    rows = [(_row(key, pending, graded, run_id), pending) for key, pending, graded in items]
    with database.transaction() as connection:
        for row, pending in rows:
            _store(connection, row, pending)


def read(database: Database, keys: Iterable[str]) -> dict[str, Graded]:
    """See `Gradebook.results`."""
    wanted = list(dict.fromkeys(keys))
    found: dict[str, Graded] = {}
    for start in range(0, len(wanted), PAGE):
        with database.transaction() as connection:
            part = connection.execute(_READ, {"keys": wanted[start : start + PAGE]})
            found.update((key, unpack(data)) for key, data in part)  # here, where a damaged one becomes one line
    return found


def unpack(data: bytes) -> Graded:
    """A result as it was recorded."""
    return msgspec.json.decode(zlib.decompress(data), type=Graded)


def make_pending(row: Row[Any], digest: str, seed: int) -> Pending:
    """What a row of `wanted` is, under that digest."""
    suffix = PurePosixPath(row.file).suffix.lower()
    return Pending(
        submission_id=row.id,
        slug=row.slug,
        sha256=row.sha256,
        file=row.file if row.data is None else f"{row.slug}{suffix if suffix in ('.py', '.ipynb') else '.py'}",
        source=None if row.data is None else zlib.decompress(row.data).decode("utf-8"),
        problem=row.problem,
        key=result_key(row.slug, row.content, digest, seed),
        digest=digest,
    )


def wanted(*more: ColumnElement[Any]) -> Select[Any]:
    """The query of what `make_pending` needs, and of `more` columns."""
    return select(*_FIELDS, *more).join(sources, submissions.c.source_sha256 == sources.c.sha256, isouter=True)


def pages(database: Database, query: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    """The rows of a query over submissions, by id, some at a time; between them other work may be done."""
    last = 0
    while True:
        with database.transaction() as connection:
            page = connection.execute(query.where(submissions.c.id > last).order_by(submissions.c.id).limit(PAGE)).all()
        if not page:
            return
        yield page
        last = page[-1].id


def link(connection: Connection, key: str, slug: str, content: str) -> None:
    """Make a result the grade of all submissions of that content that have none, or only an ungraded one."""
    connection.execute(_LINK, {"of_slug": slug, "of_content": content, "to": key})


def _ungraded_by_another(digests: Mapping[str, str]) -> Select[Any]:
    """Submissions that could not be graded, with a digest of their exercise that is not the present one."""
    others = [and_(submissions.c.slug == slug, results.c.digest != digest) for slug, digest in digests.items()]
    return (
        wanted()
        .join(results, submissions.c.current_key == results.c.key)
        .where(results.c.status == _UNGRADED, or_(False, *others))
    )


def _untold(
    database: Database,
    page: Sequence[Row[Any]],
    digests: Mapping[str, str],
    seed: int,
    told: set[str],
) -> Iterator[Pending]:
    """What of the page has no result yet. What has one, from equal content or from a regrade, is linked to it."""
    keys = {row.id: result_key(row.slug, row.content, digests[row.slug], seed) for row in page}
    with database.transaction() as connection:
        known = set(connection.execute(select(results.c.key).where(results.c.key.in_(set(keys.values())))).scalars())
        if not database.read_only:
            for row in page:
                if keys[row.id] in known:
                    link(connection, keys[row.id], row.slug, row.content)
    for row in page:
        key = keys[row.id]
        if key not in known and key not in told:
            told.add(key)
            yield make_pending(row, digests[row.slug], seed)


def _row(key: str, pending: Pending, graded: Graded, run_id: int | None) -> dict[str, object]:
    result = graded.result
    numbers = (result.score, result.max_score, graded.duration_s, graded.cpu_s, graded.memory_mib)
    if key != pending.key or result.slug != pending.slug or not all(map(math.isfinite, numbers)):
        raise ValueError(f"the result of {result.slug} is not one of what was pending for {pending.slug}")
    try:
        data = msgspec.json.encode(graded)
    except UnicodeEncodeError:  # a lone surrogate in a message of the student's
        data = json.dumps(_storable(msgspec.to_builtins(graded))).encode()
    return {
        "key": key,
        "slug": result.slug,
        "sha256": pending.sha256,
        "digest": pending.digest,
        "status": result.status.value,
        "score": result.score,
        "max_score": result.max_score,
        "seed": str(graded.seed),
        "isolation": storable(graded.isolation),
        "host": storable(graded.host),
        "graded_at": graded.graded_at,
        "duration_s": graded.duration_s,
        "cpu_s": graded.cpu_s,
        "memory_mib": graded.memory_mib,
        "run_id": run_id,
        "retried_run_id": None,
        "data": zlib.compress(data),
        "diagnoses": json.dumps([storable(one.name) for one in result.diagnoses], separators=(",", ":")),
    }


def _storable(value: object) -> object:
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(str(name)): _storable(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_storable(inner) for inner in value]
        case _:
            return value


def _store(connection: Connection, row: dict[str, object], pending: Pending) -> None:
    key, status = pending.key, row["status"]
    before = connection.execute(_STATUS, {"key": key}).scalar()
    if before is None:
        connection.execute(_INSERT, row)
    elif before == _UNGRADED:
        if status == _UNGRADED:
            row = {**row, "retried_run_id": row["run_id"]}
        connection.execute(update(results).where(results.c.key == key).values(**row))
    content = connection.execute(_CONTENT, {"id": pending.submission_id}).scalar_one()
    link(connection, key, pending.slug, content)
