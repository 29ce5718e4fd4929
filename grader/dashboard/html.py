"""The class page as HTML: one file that needs nothing else. Its script sorts and searches, and nothing needs it.

The content security policy allows the style sheet and the script by their hashes and nothing more, so that even a
mistake in the escaping would run nothing and load nothing.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import DictLoader, Environment, StrictUndefined, Template
from markupsafe import Markup

from grader.dashboard.fill import fill
from grader.dashboard.page import Page
from grader.files import write_atomically
from grader.handback.book import Book
from grader.report.fill import moment
from grader.report.html import base_css, hash_of

FILE = "index.html"
_TEMPLATES = files("grader.dashboard") / "templates"


def write(book: Book, folder: Path) -> Path:
    """Write the class page of `book` into `folder`, whole or not at all; returns its path. Raises OSError.

    The reports that it links to are those of `grader.handback.reports.write_reports` in the same folder. It bears the
    time at which the last run began, so the same gradebook gives the same page.
    """
    run = book.last_run()
    when = moment(run.started_at) if run is not None else ""
    path = folder / FILE
    write_atomically(path, render(fill(book, when)).encode("utf-8", "replace"))
    return path


def render(page: Page) -> str:
    """The page as text."""
    css, script = _css(), _script()
    policy = (
        f"default-src 'none'; style-src {hash_of(css)}; script-src {hash_of(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return _template().render(page=page, css=Markup(css), script=Markup(script), policy=policy)  # noqa: S704 - our own


@cache
def _template() -> Template:
    name = "dashboard.html.j2"
    environment = Environment(
        loader=DictLoader({name: (_TEMPLATES / name).read_text("utf-8")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


@cache
def _css() -> str:
    return "\n".join(("", base_css(), (_TEMPLATES / "dashboard.css").read_text("utf-8")))


@cache
def _script() -> str:
    return (_TEMPLATES / "dashboard.js").read_text("utf-8")
