"""Every test of the gradebook runs against SQLite and against a PostgreSQL server of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

_numbers = count(1)


def _programs() -> Path:
    """Where PostgreSQL's own programs are; Debian keeps them out of the PATH."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    pytest.skip("PostgreSQL is not installed (Debian: postgresql)")


@pytest.fixture(scope="session")
def server() -> Iterator[Path]:
    """A PostgreSQL server on a socket in the folder that this gives; it ends with the tests."""
    programs = _programs()
    # Not in pytest's own folder: only its owner may enter that, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user: str | None = None
    if os.getuid() == 0:  # the server refuses to run as root
        user = "postgres"
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = folder / "data"

    def call(*command: str | Path) -> None:
        done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True)
        # Not the output of the server itself, which keeps the pipe open: that goes to its log.
        assert done.returncode == 0, done.stderr or done.stdout

    try:
        # A collation that sorts as people do, so that what must not depend on it shows.
        locale = ("--locale-provider=icu", "--icu-locale=en", "--locale=C.UTF-8", "--encoding=UTF8")
        call(programs / "initdb", "--no-sync", "--auth=trust", "--username=grader", *locale, "-D", data)
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c shared_buffers=16MB -c max_connections=20"
        call(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        try:
            yield folder
        finally:
            call(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_url(server: Path) -> Callable[[], str]:
    """Makes an empty place in the server: a schema of its own."""

    def make() -> str:
        schema = f"class{next(_numbers)}"
        with psycopg.connect(f"host={server} user=grader dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
        return f"postgresql://grader@/postgres?host={server}&options=-csearch_path%3D{schema}"

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a gradebook can be made."""
    if request.param == "sqlite":
        return str(tmp_path / "out")
    return str(request.getfixturevalue("new_url")())
