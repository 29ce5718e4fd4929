"""Grade again with a changed exercise, compare, and switch when a person has agreed.

The new results stand beside the old ones, under keys of their own, and are nobody's grade until they are accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy import Connection, Row, Select, and_, func, or_, select, update

from grader.classroom import Graded, Student
from grader.gradebook.class_table import adjustments_of
from grader.gradebook.database import Database
from grader.gradebook.key import result_key
from grader.gradebook.nouns import Change, Flip, Mark, Pending
from grader.gradebook.results import PAGE, make_pending, pages, unpack, wanted
from grader.gradebook.schema import results, students, submissions
from grader.model import CheckResult, Outcome, Status

_UNGRADED = Status.UNGRADED.value


def outdated(database: Database, digests: Mapping[str, str]) -> dict[str, int]:
    """See `Gradebook.outdated`."""
    query = (
        select(submissions.c.slug, func.count())
        .join(results, submissions.c.current_key == results.c.key)
        .where(_by_another(digests))
        .group_by(submissions.c.slug)
    )
    with database.transaction() as connection:
        counts = {slug: count for slug, count in connection.execute(query)}
    return {slug: counts[slug] for slug in digests if slug in counts}


def propose(database: Database, digests: Mapping[str, str], seed: int) -> Iterator[Pending]:
    """See `Gradebook.propose`."""
    query = wanted().join(results, submissions.c.current_key == results.c.key).where(_by_another(digests))
    told: set[str] = set()
    for page in pages(database, query):
        keys = {row.id: result_key(row.slug, row.content, digests[row.slug], seed) for row in page}
        with database.transaction() as connection:
            done = select(results.c.key).where(results.c.key.in_(set(keys.values())), results.c.status != _UNGRADED)
            known = set(connection.execute(done).scalars())
        for row in page:
            if keys[row.id] not in known and keys[row.id] not in told:
                told.add(keys[row.id])
                yield make_pending(row, digests[row.slug], seed)


def changes(database: Database, digests: Mapping[str, str], seed: int) -> Iterator[Change]:
    """See `Gradebook.changes`."""
    after = None
    while True:
        query = _outdated_by_name(digests)
        if after is not None:
            query = query.where(after)
        with database.transaction() as connection:
            page = connection.execute(query.limit(PAGE)).all()
            found = list(_compare(connection, page, digests, seed))
        yield from found
        if len(page) < PAGE:
            return
        last = page[-1]
        after = or_(
            students.c.sort_name > last.sort_name,
            and_(students.c.sort_name == last.sort_name, students.c.key > last.student_key),
            and_(
                students.c.sort_name == last.sort_name,
                students.c.key == last.student_key,
                submissions.c.id > last.id,
            ),
        )


def switch(connection: Connection, digests: Mapping[str, str], seed: int) -> tuple[list[Change], int]:
    """Make the proposed results the grades, in the caller's transaction: (the changes, how many were switched)."""
    told: list[Change] = []
    switched = 0
    last = 0
    while True:
        query = _outdated_columns().where(_by_another(digests), submissions.c.id > last)
        page = connection.execute(query.order_by(submissions.c.id).limit(PAGE)).all()
        if not page:
            return told, switched
        told += [one for one in _compare(connection, page, digests, seed) if one.after.status is not Status.UNGRADED]
        keys = {row.id: result_key(row.slug, row.content, digests[row.slug], seed) for row in page}
        query_known = select(results.c.key).where(results.c.key.in_(set(keys.values())), results.c.status != _UNGRADED)
        known = set(connection.execute(query_known).scalars())
        for row in page:
            if keys[row.id] in known:
                here = submissions.c.id == row.id
                connection.execute(update(submissions).where(here).values(current_key=keys[row.id]))
                switched += 1
        last = page[-1].id


def _by_another(digests: Mapping[str, str]):  # type: ignore[no-untyped-def]
    """Of a submission and its result: graded, and by another digest than the present one."""
    others = [and_(submissions.c.slug == slug, results.c.digest != digest) for slug, digest in digests.items()]
    return and_(results.c.status != _UNGRADED, or_(False, *others))


def _outdated_columns() -> Select[tuple[object, ...]]:
    return (  # type: ignore[return-value]
        select(
            submissions.c.id,
            submissions.c.slug,
            submissions.c.content,
            submissions.c.attempt,
            submissions.c.current_key,
            submissions.c.student_id,
            students.c.key.label("student_key"),
            students.c.name,
            students.c.sort_name,
            students.c.ids,
            results.c.data,
        )
        .join(results, submissions.c.current_key == results.c.key)
        .join(students, submissions.c.student_id == students.c.id)
    )


def _outdated_by_name(digests: Mapping[str, str]) -> Select[tuple[object, ...]]:
    return (
        _outdated_columns()
        .where(_by_another(digests))
        .order_by(students.c.sort_name, students.c.key, submissions.c.id)
    )


def _compare(
    connection: Connection, page: list[Row[tuple[object, ...]]], digests: Mapping[str, str], seed: int
) -> Iterator[Change]:
    keys = {row.id: result_key(row.slug, row.content, digests[row.slug], seed) for row in page}
    query = select(results.c.key, results.c.data).where(results.c.key.in_(set(keys.values())))
    after = {key: unpack(data) for key, data in connection.execute(query)}
    adjusted = adjustments_of(connection, sorted({row.student_id for row in page}))
    for row in page:
        new = after.get(keys[row.id])
        if new is None:
            continue
        old = unpack(row.data)
        flips = _flips(old, new)
        before_mark, after_mark = _mark(old), _mark(new)
        if before_mark == after_mark and not flips:
            continue
        yield Change(
            student=Student(
                key=row.student_key, name=row.name, ids=msgspec.json.decode(row.ids, type=dict[str, str])
            ),
            slug=row.slug,
            submission_id=row.id,
            attempt=row.attempt,
            before=before_mark,
            after=after_mark,
            flips=flips,
            adjustment=adjusted.get((row.student_id, row.slug)),
        )


def _mark(graded: Graded) -> Mark:
    result = graded.result
    return Mark(status=result.status, score=result.score, max_score=result.max_score)


def _flips(before: Graded, after: Graded) -> tuple[Flip, ...]:
    """The checks that passed in one and not in the other, or are in one only, in the order of the new suite."""
    old = {one.id: one for one in before.result.checks}
    new = {one.id: one for one in after.result.checks}
    flips = []
    for id_ in (*new, *(one for one in old if one not in new)):
        was, is_ = old.get(id_), new.get(id_)
        if was is None or is_ is None or _passed(was) != _passed(is_):
            one = is_ or was
            assert one is not None
            flips.append(
                Flip(id=id_, title=one.title, before=was and was.outcome, after=is_ and is_.outcome)
            )
    return tuple(flips)


def _passed(check: CheckResult) -> bool:
    return check.outcome is Outcome.PASSED
