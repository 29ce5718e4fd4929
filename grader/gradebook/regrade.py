"""Grade again with a changed exercise, compare, and switch when a person has agreed.

The new results stand beside the old ones, under keys of their own, and are nobody's grade until they are accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, or_, select, update

from grader.classroom import Graded
from grader.gradebook import trail
from grader.gradebook.adjusting import in_force
from grader.gradebook.database import Database
from grader.gradebook.key import result_key
from grader.gradebook.lookup import student_of
from grader.gradebook.nouns import AuditEntry, Change, Flip, Mark, Pending
from grader.gradebook.results import PAGE, make_pending, pages, unpack, wanted
from grader.gradebook.schema import results, students, submissions
from grader.model import CheckResult, Outcome, Status

_UNGRADED = Status.UNGRADED.value
STUDENTS = 20


def outdated(database: Database, digests: Mapping[str, str]) -> dict[str, int]:
    """See `Gradebook.outdated`."""
    query = (
        select(submissions.c.slug, func.count())
        .join(results, submissions.c.current_key == results.c.key)
        .where(_by_another(digests))
        .group_by(submissions.c.slug)
    )
    with database.transaction() as connection:
        counts = {row[0]: row[1] for row in connection.execute(query)}
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
    query = select(students.c.id, students.c.sort_name, students.c.key).order_by(students.c.sort_name, students.c.key)
    after: ColumnElement[bool] = students.c.id > 0
    while True:
        with database.transaction() as connection:
            page = connection.execute(query.where(after).limit(PAGE)).all()
        # The results of a few students at a time: each is to be unpacked twice.
        for start in range(0, len(page), STUDENTS):
            some = [row.id for row in page[start : start + STUDENTS]]
            with database.transaction() as connection:
                theirs = _outdated().where(_by_another(digests), submissions.c.student_id.in_(some))
                rows = connection.execute(theirs.order_by(submissions.c.id)).all()
                found = list(_compare(connection, rows, digests, seed))
            ranks = {id_: rank for rank, id_ in enumerate(some)}
            yield from (change for _, change in sorted(found, key=lambda one: ranks[one[0]]))
        if len(page) < PAGE:
            return
        name, key = page[-1].sort_name, page[-1].key
        after = or_(students.c.sort_name > name, and_(students.c.sort_name == name, students.c.key > key))


def accept(database: Database, digests: Mapping[str, str], seed: int, who: str) -> int:
    """See `Gradebook.accept`."""
    with database.transaction() as connection:
        switched = changed = last = 0
        while True:
            query = _outdated().where(_by_another(digests), submissions.c.id > last)
            page = connection.execute(query.order_by(submissions.c.id).limit(PAGE)).all()
            if not page:
                break
            told = [
                AuditEntry(at="", who=who, action="regraded", student=one.student.key, slug=one.slug, text=_told(one))
                for _, one in _compare(connection, page, digests, seed)
                if one.after.status is not Status.UNGRADED
            ]
            trail.write(connection, told)
            changed += len(told)
            switched += _switch(connection, page, digests, seed)
            last = page[-1].id
        if switched:
            text = f"{switched} grade{'s' * (switched != 1)}, {changed} of them changed"
            trail.write(connection, [AuditEntry(at="", who=who, action="accepted", text=text)])
    return switched


def _switch(connection: Connection, page: Sequence[Row[Any]], digests: Mapping[str, str], seed: int) -> int:
    keys = {row.id: result_key(row.slug, row.content, digests[row.slug], seed) for row in page}
    done = select(results.c.key).where(results.c.key.in_(set(keys.values())), results.c.status != _UNGRADED)
    known = set(connection.execute(done).scalars())
    replaced = [{"this": id_, "key": key} for id_, key in keys.items() if key in known]
    if replaced:
        statement = update(submissions).where(submissions.c.id == bindparam("this"))
        connection.execute(statement.values(current_key=bindparam("key")), replaced)
    return len(replaced)


def _by_another(digests: Mapping[str, str]) -> ColumnElement[bool]:
    """Of a submission and its result: graded, and by another digest than the present one."""
    others = [and_(submissions.c.slug == slug, results.c.digest != digest) for slug, digest in digests.items()]
    return and_(results.c.status != _UNGRADED, or_(False, *others))


def _outdated() -> Select[Any]:
    return (
        select(
            submissions.c.id,
            submissions.c.slug,
            submissions.c.content,
            submissions.c.attempt,
            submissions.c.current_key,
            submissions.c.student_id,
            students.c.key,
            students.c.name,
            students.c.ids,
            results.c.data,
        )
        .join(results, submissions.c.current_key == results.c.key)
        .join(students, submissions.c.student_id == students.c.id)
    )


def _compare(
    connection: Connection, page: Sequence[Row[Any]], digests: Mapping[str, str], seed: int
) -> Iterator[tuple[int, Change]]:
    """What is different, each with the id of its student."""
    keys = {row.id: result_key(row.slug, row.content, digests[row.slug], seed) for row in page}
    query = select(results.c.key, results.c.data).where(results.c.key.in_(set(keys.values())))
    after = {key: unpack(data) for key, data in connection.execute(query)}
    adjusted = in_force(connection, sorted({row.student_id for row in page}))
    for row in page:
        new = after.get(keys[row.id])
        if new is None:
            continue
        old = unpack(row.data)
        flips = _flips(old, new)
        before_mark, after_mark = _mark(old), _mark(new)
        if before_mark == after_mark and not flips:
            continue
        yield (
            row.student_id,
            Change(
                student=student_of(row),
                slug=row.slug,
                submission_id=row.id,
                attempt=row.attempt,
                before=before_mark,
                after=after_mark,
                flips=flips,
                adjustment=adjusted.get((row.student_id, row.slug)),
            ),
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
                Flip(id=id_, title=one.title, before=was.outcome if was else None, after=is_.outcome if is_ else None)
            )
    return tuple(flips)


def _told(change: Change) -> str:
    """A change, for the audit trail."""
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


def _passed(check: CheckResult) -> bool:
    return check.outcome is Outcome.PASSED
