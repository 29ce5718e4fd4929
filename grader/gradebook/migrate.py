"""Bring the tables of a gradebook to the version that this grader knows, or say why not."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from grader.gradebook.nouns import GradebookError
from grader.gradebook.schema import VERSION, VERSION_TABLE

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def version_of(connection: Connection, shown: str) -> str:
    """The version of the tables; empty if there are no tables at all.

    Raises GradebookError for a database of something else and for one of a newer grader.
    """
    names = inspect(connection).get_table_names()
    if VERSION_TABLE not in names:
        if names:
            raise GradebookError(f"{shown} is a database of something else; name the one that `grade batch` wrote")
        return ""
    versions = table(VERSION_TABLE, column("version_num"))
    version = connection.execute(select(versions.c.version_num)).scalar()
    if not isinstance(version, str) or not version:
        raise GradebookError(f"{shown} is damaged: it has no version; go back to a copy")
    # Versions are numbers of four digits, so texts compare as they do.
    if version > VERSION:
        raise GradebookError(
            f"{shown} was written by a newer grader (its version is {version}, the latest known here {VERSION}); "
            "update the grader"
        )
    return version


def migrate(connection: Connection, version: str = "head") -> None:
    """Bring the tables to `version`, in the transaction of `connection`."""
    from alembic import command  # it takes a while to import, and is needed once in the life of a gradebook
    from alembic.config import Config

    config = Config()
    # A % starts an interpolation there.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, version)
