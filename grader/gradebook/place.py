"""Where a gradebook is: a folder, an SQLite file or a PostgreSQL URL, in one form."""

from __future__ import annotations

from pathlib import Path

import msgspec
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from grader.gradebook.nouns import GradebookError
from grader.text import clean_line

FILE = "gradebook.sqlite"
_ENDINGS = (".sqlite", ".sqlite3", ".db")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly one of `file` and `url` is there. `shown` is how messages name it: without a password."""

    shown: str
    file: Path | None = None
    url: URL | None = None


def find_place(place: str | Path) -> Place:
    """What `place` means. Raises GradebookError for a URL of anything but PostgreSQL."""
    text = str(place)
    if isinstance(place, str) and "://" in text:
        return _from_url(text)
    path = Path(place).expanduser()
    if path.is_dir() or (not path.exists() and path.suffix not in _ENDINGS):
        path = path / FILE
    return Place(shown=clean_line(str(path), 300), file=path)


def _from_url(text: str) -> Place:
    scheme = text.partition("://")[0]
    if scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise GradebookError(
            f"a gradebook is a folder, an SQLite file or a URL that starts with postgresql://, not with "
            f"{clean_line(scheme, 40)}://"
        )
    try:
        url = make_url(text).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        raise GradebookError(
            "that is no URL of a database; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        ) from None
    shown = url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
    return Place(shown=clean_line(shown, 300), url=url)
