"""Options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path

import click

SEED_MAX = 2**53 - 1  # as large as the fresh ones get
FILE = click.Path(path_type=Path)


def finite(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("it must be a number of seconds")
    return value


COURSE = click.option("--course", type=FILE, metavar="DIR", help="The course.  [default: that of this folder]")
COURSE_OF_PATH = click.option("--course", type=FILE, metavar="DIR", help="The course.  [default: found from PATH]")

ONLY = click.option("--exercise", "only", multiple=True, metavar="SLUG", help="Only this exercise; may be repeated.")
CHAPTERS = click.option(
    "--chapter",
    "chapters",
    multiple=True,
    metavar="NAME",
    help="Only this chapter, such as 03_modules; may be repeated.",
)
GRADEBOOK = click.option(
    "--gradebook",
    required=True,
    metavar="PLACE",
    help="The folder that grade batch wrote, its gradebook.sqlite, or a postgresql:// URL.",
)
