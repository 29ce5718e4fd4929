"""The runs over the class: when, with what, and what came of them."""

from __future__ import annotations

import platform

import msgspec
from sqlalchemy import func, insert, select, update

from grader.gradebook import trail
from grader.gradebook.database import Database, next_id
from grader.gradebook.nouns import Run
from grader.gradebook.schema import results, runs, storable
from grader.model import Environment, Status


def start(database: Database, command: str, isolation: str, environment: Environment | None, started_at: str) -> int:
    """Note that a run begins; its id."""
    with database.transaction() as connection:
        number = next_id(connection, runs)
        connection.execute(
            insert(runs).values(
                id=number,
                command=storable(command),
                isolation=storable(isolation),
                environment=msgspec.json.encode(environment).decode(),
                host=storable(platform.node()),
                started_at=started_at or trail.now(),
                finished_at="",
                graded=0,
                ungraded=0,
            )
        )
    return number


def finish(database: Database, run_id: int, finished_at: str) -> None:
    """Note that a run has ended, and how many results it recorded."""
    query = select(results.c.status, func.count()).where(results.c.run_id == run_id).group_by(results.c.status)
    with database.transaction() as connection:
        counts = {row[0]: row[1] for row in connection.execute(query)}
        ungraded = counts.pop(Status.UNGRADED.value, 0)
        connection.execute(
            update(runs)
            .where(runs.c.id == run_id)
            .values(finished_at=finished_at or trail.now(), graded=sum(counts.values()), ungraded=ungraded)
        )


def last(database: Database) -> Run | None:
    """The latest run, if there was one."""
    with database.transaction() as connection:
        row = connection.execute(select(runs).order_by(runs.c.id.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        fields = dict(row._mapping)
        environment = msgspec.json.decode(fields.pop("environment"), type=Environment | None)
    return Run(**fields, environment=environment)
