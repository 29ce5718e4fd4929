"""A gradebook as version 1 wrote it: `python -m tests.gradebook.first_version` writes v1.sql anew.

The rows are given here column by column, and not by the code of today: a migration meets what was written then.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import zlib
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, LargeBinary, bindparam, create_engine, event, text
from sqlalchemy.pool import NullPool

from grader.gradebook.migrate import migrate

DUMP = Path(__file__).with_name("v1.sql")
AT = "2026-03-01T12:00:00+00:00"


def _result(slug: str, status: str, score: float, diagnoses: tuple[str, ...]) -> bytes:
    result = {
        "slug": slug,
        "title": slug.title(),
        "chapter": "01_first",
        "status": status,
        "score": score,
        "max_score": 10.0,
        "submission": {"file": f"{slug}.py", "sha256": "a" * 64},
        "diagnoses": [{"check": "c", "kind": "misconception", "name": name, "text": "."} for name in diagnoses],
    }
    return zlib.compress(json.dumps({"result": result, "seed": 7, "graded_at": AT}).encode())


def _results() -> list[dict[str, object]]:
    given = (("matmul", "failed", 6.0, ("swapped_gradients", "sum_for_mean")), ("relu", "passed", 10.0, ()))
    fixed = {"sha256": "a" * 64, "max_score": 10.0, "seed": "7", "isolation": "sandbox", "host": "here"}
    fixed |= {"graded_at": AT, "duration_s": 0.5, "cpu_s": 0.25, "memory_mib": 64.0, "run_id": 1}
    return [
        {"key": f"{slug}-key", "slug": slug, "digest": f"{slug}-1", "status": status, "score": score}
        | fixed
        | {"retried_run_id": None, "data": _result(slug, status, score, diagnoses)}
        for slug, status, score, diagnoses in given
    ]


def _exercise(position: int, slug: str) -> dict[str, object]:
    row: dict[str, object] = {"slug": slug, "position": position, "title": slug.title(), "chapter": "01_first"}
    return row | {"max_score": 10.0, "weight": 1.0, "due": "", "checks": "[]"}


def _submission(number: int, student_id: int, slug: str, key: str | None) -> dict[str, object]:
    row: dict[str, object] = {"id": number, "identity": f"{number}", "student_id": student_id, "slug": slug}
    row |= {"import_id": 1, "attempt": 1, "submitted_at": "", "late": None, "ref": "", "file": f"{slug}.py"}
    return row | {
        "sha256": "a" * 64, "content": "b" * 64, "source_sha256": "b" * 64, "problem": "", "current_key": key
    }  # fmt: skip


ROWS: dict[str, list[dict[str, object]]] = {
    "facts": [
        {"name": "seed", "value": "7"},
        {"name": "title", "value": "A course"},
        {"name": "policy", "value": '{"title":"A course","attempt":"last"}'},
    ],
    "exercises": [_exercise(0, "matmul"), _exercise(1, "relu")],
    "students": [
        {"id": 1, "key": "test:ada", "name": "Ada", "sort_name": "ada", "ids": "{}"},
        {"id": 2, "key": "test:zoe", "name": "Zoë", "sort_name": "zoe", "ids": '{"email":"zoe@example.org"}'},
    ],
    "sources": [{"sha256": "b" * 64, "data": zlib.compress(b"x = 1\n")}],
    "runs": [
        {"id": 1, "command": "grade batch", "isolation": "sandbox", "environment": "null", "host": "here"}
        | {"started_at": AT, "finished_at": AT, "graded": 2, "ungraded": 0}
    ],
    "results": _results(),
    "submissions": [
        _submission(1, 1, "matmul", "matmul-key"),
        _submission(2, 1, "relu", "relu-key"),
        _submission(3, 2, "matmul", None),
    ],
    "adjustments": [
        {"id": 1, "student_id": 2, "slug": "relu", "points": 7.5, "why": "shown in class", "who": "Eve", "at": AT}
    ],
    "audit": [
        {"id": 1, "at": AT, "who": "Eve", "action": "adjusted", "student_key": "test:zoe", "slug": "relu", "text": "."}
    ],
}


def write(connection: Connection) -> None:
    """Make the tables of version 1 and fill them, in the transaction of the caller."""
    migrate(connection, "0001")
    for table, rows in ROWS.items():
        statement = text(f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES (:{', :'.join(rows[0])})")  # noqa: S608
        if "data" in rows[0]:
            statement = statement.bindparams(bindparam("data", type_=LargeBinary))
        connection.execute(statement, rows)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "gradebook.sqlite"
        connect = lambda: sqlite3.connect(file, isolation_level=None)  # noqa: E731
        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        with engine.begin() as connection:
            write(connection)
        with closing(connect()) as raw:
            DUMP.write_text("\n".join(raw.iterdump()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
