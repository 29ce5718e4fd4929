"""The HTML report: one file that needs nothing else, no network and no script.

`fill` decides what the page says; the templates beside this module only set it. The style sheet is part of
the page, and a content security policy allows that style sheet and nothing else, so that even a mistake
in the escaping would run no script and load nothing.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import DictLoader, Environment, StrictUndefined, Template
from markupsafe import Markup

from grader.files import write_atomically
from grader.model import Report
from grader.report import source
from grader.report.fill import fill
from grader.report.grading import Grading

_TEMPLATES = files("grader.report") / "templates"


def render(report: Report, grading: Grading | None = None, *, stamp: str = "") -> str:
    """Return `report` as one self-contained HTML page. Its size is bounded whatever the report holds.

    `grading` is what a class adds to it, see `fill`. `stamp` is kept in the head of the page for who wrote it.
    """
    return _PAGE.render(page=fill(report, grading), stamp=stamp, css=Markup(style_sheet()), policy=_policy())  # noqa: S704 - our own


def write(report: Report, path: Path) -> None:
    """Write `report` as HTML to the file `path`, whole or not at all. Raises OSError."""
    write_atomically(path, render(report).encode())


def _compiled() -> Template:
    names = ("parts.html.j2", "exercise.html.j2", "grading.html.j2", "report.html.j2")
    environment = Environment(
        loader=DictLoader({name: (_TEMPLATES / name).read_text("utf-8") for name in names}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return [environment.get_template(name) for name in names][-1]


# Compiled at import and not when a page is wanted: it takes ten times as long as to render one, and the command line
# imports this module while it waits for the judge to start anyway.
_PAGE = _compiled()


def base_css() -> str:
    """The colours, the type and the plainest rules: what every page of the grader shares."""
    return (_TEMPLATES / "base.css").read_text("utf-8")


def hash_of(text: str) -> str:
    """The source expression by which a content security policy allows an inline `text`, to the letter."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def style_sheet(more: str = "") -> str:
    """The style sheet, with the colours of source code for light and dark; `more` is what another page adds."""
    # Each style within its own scheme: where one says nothing about a token, the other must not either.
    # Paper is always light.
    light, dark = source.css(dark=False), source.css(dark=True)
    return "\n".join(
        (
            "",
            base_css(),
            (_TEMPLATES / "report.css").read_text("utf-8"),
            *([more] if more else []),
            f"@media print, (prefers-color-scheme: light) {{\n{light}\n}}",
            f"@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}",
            "",
        )
    )


@cache
def _policy() -> str:
    """The content security policy."""
    return f"default-src 'none'; style-src {hash_of(style_sheet())}; img-src data:; base-uri 'none'; form-action 'none'"
