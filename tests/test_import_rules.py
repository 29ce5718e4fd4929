"""Which part may import what: imports point one way, and each library has its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "grader"
FILES = sorted(PACKAGE.rglob("*.py"))

PLACES = {
    "click": ("cli/", "commands/"),
    "rich": ("commands/", "report/terminal.py", "report/batch.py"),
    "jinja2": ("report/html.py", "similarity/html.py", "dashboard/html.py"),
    "nbformat": ("notebooks/",),
    "watchfiles": ("commands/",),
    "platformdirs": ("progress.py",),
    "yaml": ("intake/",),
    "sqlalchemy": ("gradebook/",),
    "alembic": ("gradebook/",),
    "psycopg": ("gradebook/",),
    "dask": ("batch/",),
    "dask_jobqueue": ("batch/jobs.py",),
    "distributed": ("batch/",),
}
LEAVES = ("model.py", "text.py", "files.py")
# How texts of authors are made of paragraphs: as much a leaf, for whoever sets them.
PROSE = "report.prose"
# These decide what is right; they must work without the command line and the renderers.
BELOW_COMMANDS = (
    "similarity/analyse.py",
    "similarity/compare.py",
    "similarity/detail.py",
    "similarity/export.py",
    "similarity/gather.py",
    "similarity/operations.py",
    "similarity/rank.py",
    "similarity/sources.py",
    "similarity/traits.py",
    "similarity/winnow.py",
    "batch/",
    "course.py",
    "submission.py",
    "untouched.py",
    "classroom.py",
    "tables.py",
    "policy.py",
    "gradebook/",
    "intake/",
    "forbidden.py",
    "names.py",
    "notebooks/",
    "engine.py",
    "judge/",
    "proof/",
    "worker/",
    "doctor/",
    "suite.py",
)
TORCH_FREE = (
    "batch/",
    "cli/",
    "course.py",
    "doctor/",
    "engine.py",
    "forbidden.py",
    "handout/",
    "classroom.py",
    "tables.py",
    "policy.py",
    "gradebook/",
    "handback/gradescope.py",
    "intake/",
    "names.py",
    "notebooks/",
    "submission.py",
    "untouched.py",
    "progress.py",
    "proof/",
    "commands/",
    "report/",
    "handback/",
    "dashboard/",
    "junit.py",
)


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=place)
def test_each_library_is_imported_only_in_its_place(path: Path) -> None:
    tops = {name.partition(".")[0] for name in imported(path)}
    for library, places in PLACES.items():
        assert library not in tops or place(path).startswith(places), f"{place(path)} imports {library}"


@pytest.mark.parametrize("path", FILES, ids=place)
def test_the_command_line_and_the_renderers_import_no_torch(path: Path) -> None:
    if place(path).startswith(TORCH_FREE):
        assert not {name.partition(".")[0] for name in imported(path)} & {"torch", "numpy", "_pytest"}


@pytest.mark.parametrize("path", FILES, ids=place)
def test_imports_point_one_way(path: Path) -> None:
    ours = [name.removeprefix("grader.") for name in imported(path) if name.startswith("grader.")]
    if place(path) in LEAVES:
        assert ours == []
    if place(path).startswith(BELOW_COMMANDS):
        above = [name for name in ours if name.startswith(("commands", "cli", "report", "progress"))]
        assert [name for name in above if not name.startswith(PROSE)] == []
    if place(path).startswith(("handback/", "dashboard/")):
        assert not [name for name in ours if name.startswith(("commands", "cli", "progress", "engine", "batch"))]
    if place(path).startswith("report/"):
        assert not [name for name in ours if name.startswith(("commands", "cli", "progress", "engine"))]
    if place(path).startswith("handout/"):
        # Renders texts for students, and runs where there is no command line.
        assert not [name for name in ours if name.startswith(("commands", "cli", "progress"))]
    if not place(path).startswith(("handout/", "handback/", "commands/")):
        assert not [name for name in ours if name.startswith("handout")]
    if place(path).startswith("intake/"):
        assert not [name for name in ours if name.startswith(("engine", "judge", "gradebook", "batch", "handback"))]
