"""The page with the ranking and the pairs side by side: one file without a script, under the report's own policy."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import DictLoader, Environment, StrictUndefined, Template
from markupsafe import Markup

from grader.files import write_atomically
from grader.report.html import hash_of, style_sheet
from grader.similarity.page import Page

_TEMPLATES = files("grader.similarity") / "templates"


def render(page: Page) -> str:
    """Return `page` as one self-contained HTML page."""
    css = style_sheet((_TEMPLATES / "similarity.css").read_text("utf-8"))
    policy = f"default-src 'none'; style-src {hash_of(css)}; img-src data:; base-uri 'none'; form-action 'none'"
    return _template().render(page=page, css=Markup(css), policy=policy)  # noqa: S704 - our own


def write(page: Page, path: Path) -> None:
    """Write `page` to the file `path`, whole or not at all. Raises OSError."""
    write_atomically(path, render(page).encode())


@cache
def _template() -> Template:
    name = "similarity.html.j2"
    environment = Environment(
        loader=DictLoader({name: (_TEMPLATES / name).read_text("utf-8")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
