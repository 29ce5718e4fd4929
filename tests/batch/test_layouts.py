"""A class of 200, downloaded in each layout and graded by one command: the scores are the same in each."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader import cli
from grader.classroom import CellState, Layout
from grader.gradebook import Gradebook
from tests.course_files import ROOT, CourseFile, course_files
from tests.intake.classes import ALL, Pupil, key_of, write_class

STUDENTS = 200
SEED = 11
# Of each kind, so many files of an exercise are somebody's work. Equal files are graded once.
VARIETY = {"stub": 1, "reference": 1, "right": 1, "wrong": 3}
GIVEN = ("Ana", "Bo", "Çağla", "Đức", "Élise", "Fatma", "Gör", "Hana", "İnci", "Jürgen", "Łukasz", "Óscar", "Żaneta")
FAMILY = ("de la Cruz", "Nguyễn", "O'Neill", "Perelló", "Smith", "Šimić", "van Dijk", "Ünal", "李", "Καλός")


def _chosen() -> dict[str, list[CourseFile]]:
    chosen: dict[str, list[CourseFile]] = {}
    for file in course_files():
        mine = chosen.setdefault(file.exercise.slug, [])
        if sum(one.kind == file.kind for one in mine) < VARIETY[file.kind]:
            mine.append(file)
    return chosen


@pytest.fixture(scope="module")
def pupils() -> list[Pupil]:
    chance = random.Random(SEED)  # noqa: S311  a class that is the same each time
    chosen = _chosen()
    made = []
    for number in range(STUDENTS):
        files = {
            slug: chance.choice(files).path.read_text("utf-8")
            for slug, files in chosen.items()
            if chance.random() < 0.9  # not everybody hands in everything
        }
        if not files:
            continue
        name = f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"
        made.append(Pupil(name, 1000 + number, files))
    return made


Table = dict[int, dict[str, tuple[CellState, float | None]]]


@pytest.fixture(scope="module")
def first(pupils: list[Pupil], tmp_path_factory: pytest.TempPathFactory) -> Table:
    return _graded(Layout.FOLDERS, "", pupils, tmp_path_factory.mktemp("first"))


def _graded(layout: Layout, pack: str, pupils: list[Pupil], folder: Path) -> Table:
    """The table of the class as its gradebook has it, by the numbers of the pupils."""
    place = write_class(folder, layout, pupils, pack=pack)
    arguments = [
        "batch",
        str(place),
        "--out",
        str(folder / "out"),
        "--course",
        str(ROOT),
        "--seed",
        "3",
        "--no-reports",
    ]
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 0, result.output
    assert f"{len(pupils)} students" in result.output
    number_of = {key_of(layout, pupil): pupil.number for pupil in pupils}
    with Gradebook.open(folder / "out", read_only=True) as book:
        return {
            number_of[row.student.key]: {cell.slug: (cell.state, cell.points) for cell in row.cells}
            for row in book.rows()
        }


@pytest.mark.timeout(600)
def test_a_class_gets_points_as_its_files_deserve(first: Table, pupils: list[Pupil]) -> None:
    reference = dict(_chosen().items())
    for pupil in pupils:
        for slug, (state, points) in first[pupil.number].items():
            text = pupil.files.get(slug)
            if text is None:
                assert (state, points) == (CellState.MISSING, 0)
                continue
            kind = next(one.kind for one in reference[slug] if one.path.read_text("utf-8") == text)
            full = max(points for _, points in (row[slug] for row in first.values()) if points is not None)
            assert state is CellState.GRADED
            assert points is not None
            assert {"stub": points == 0, "wrong": points < full}.get(kind, points == full), (slug, kind, points)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("layout", "pack"), [(layout, "zip") for layout in ALL if layout is not Layout.FOLDERS] + [(Layout.CANVAS, "")]
)
def test_the_scores_are_the_same_in_each_layout(
    layout: Layout, pack: str, first: Table, pupils: list[Pupil], tmp_path: Path
) -> None:
    assert _graded(layout, pack, pupils, tmp_path) == first
