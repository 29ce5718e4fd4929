"""What a gradebook knows of its course: title, exercises, policy, and the seed of the class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select

from grader.classroom import Column
from grader.gradebook import trail
from grader.gradebook.database import Database
from grader.gradebook.nouns import AuditEntry
from grader.gradebook.schema import exercises, facts, storable
from grader.policy import Policy


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    title: str = ""
    columns: tuple[Column, ...] = ()
    policy: Policy = Policy()
    seed: int = 0


def read(database: Database) -> Settings:
    """What is stored."""
    with database.transaction() as connection:
        known = {row.name: row.value for row in connection.execute(select(facts))}
        columns = tuple(_column(row) for row in connection.execute(select(exercises).order_by(exercises.c.position)))
        policy = msgspec.json.decode(known.get("policy", "{}"), type=Policy)
    return Settings(title=known.get("title", ""), columns=columns, policy=policy, seed=int(known["seed"]))


def write_seed(connection: Connection, seed: int) -> None:
    """Store the seed of a new gradebook, in the transaction that makes it."""
    connection.execute(insert(facts).values(name="seed", value=str(seed)))
    trail.write(connection, [AuditEntry(at="", who="", action="created", text=f"seed {seed}")])


def write(database: Database, before: Settings, after: Settings) -> None:
    """Replace what is stored; what changes grades goes into the audit trail."""
    with database.transaction() as connection:
        if before.columns or before.title:
            told = [
                AuditEntry(at="", who="", action="course", text=f"{what}: {was} became {is_}")
                for what, was, is_ in (
                    ("policy", _json(before.policy), _json(after.policy)),
                    ("weights and due times", _json(_terms(before.columns)), _json(_terms(after.columns))),
                )
                if was != is_
            ]
            trail.write(connection, told)
        connection.execute(delete(facts).where(facts.c.name.in_(("title", "policy"))))
        connection.execute(insert(facts).values(name="title", value=storable(after.title)))
        connection.execute(insert(facts).values(name="policy", value=_json(after.policy)))
        connection.execute(delete(exercises))
        for position, column in enumerate(after.columns):
            fields = {**msgspec.structs.asdict(column), "position": position, "checks": _json(column.checks)}
            connection.execute(insert(exercises).values(**fields))


def _column(row: Row[Any]) -> Column:
    fields = dict(row._mapping)
    del fields["position"]
    fields["checks"] = msgspec.json.decode(fields["checks"], type=tuple[tuple[str, str, float], ...])
    return Column(**fields)


def _terms(columns: Sequence[Column]) -> dict[str, tuple[float, str]]:
    return {column.slug: (column.weight, column.due) for column in columns}


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
