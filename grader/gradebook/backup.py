"""A copy of a gradebook before its tables are changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import URL

from grader.gradebook.nouns import GradebookError
from grader.text import clean_line

DUMP_LIMIT_S = 3600.0


def copy_file(connection: sqlite3.Connection, file: Path, version: str) -> Path:
    """Copy the open SQLite database to `<name>.<version>.<time>.sqlite` beside it, and say where that is.

    Raises sqlite3.Error or OSError; a half copy is removed.
    """
    target = file.with_name(f"{file.stem}.{version}.{_time()}.sqlite")
    part = target.with_name(f".{target.name}.part")
    try:
        with closing(sqlite3.connect(part)) as copy:
            connection.backup(copy)
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return target


def dump_database(url: URL, shown: str, version: str, folder: Path, schema: str) -> Path:
    """Dump a PostgreSQL gradebook with pg_dump to `gradebook.<version>.<time>.dump` in `folder`.

    `pg_restore` reads it. Raises GradebookError where there is no pg_dump, or where it fails.
    """
    program = shutil.which("pg_dump")
    if program is None:
        raise GradebookError(
            f"{shown} is of version {version} and must be brought up to date, and pg_dump is not installed to copy "
            "it first; install it (Debian: postgresql-client), or make a backup yourself and run `grade batch` with "
            "--no-backup"
        )
    target = folder / f"gradebook.{version}.{_time()}.dump"
    # The password goes by the environment: the arguments of a process can be read by everybody on the machine.
    plain = url.set(drivername="postgresql", password=None)
    environment = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}
    command = [program, "--format=custom", "--no-password", f"--schema={schema}", f"--file={target}"]
    command.append(f"--dbname={plain.render_as_string(hide_password=False)}")
    try:
        done = subprocess.run(  # noqa: S603  our own arguments, no shell
            command,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DUMP_LIMIT_S,
            check=False,
        )
        if done.returncode:
            reason = clean_line(done.stderr.strip().partition("\n")[0], 300)
            raise GradebookError(
                f"{shown} could not be copied before the update: {reason}; make a backup yourself and run "
                "`grade batch` with --no-backup"
            )
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _time() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
