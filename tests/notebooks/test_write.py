"""The notebooks that students get."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner, Result

from grader.cli import main
from grader.course import Course
from grader.notebooks.write import Part, Sheet, StubError, cell_id, notebooks

ROOT = Path(__file__).parents[2]
GOOD = ROOT / "tests" / "courses" / "good"


@pytest.fixture(scope="module")
def course() -> Course:
    return Course.load(ROOT)


def loaded(sheet: Sheet) -> Any:
    return json.loads(sheet.data)


def grade(*args: str, course: Path = GOOD) -> Result:
    return CliRunner().invoke(main, ["notebooks", *args, "--course", str(course)])


@pytest.mark.parametrize("part", Part)
def test_every_notebook_is_valid_and_has_no_outputs(course: Course, part: Part) -> None:
    for sheet in notebooks(course, part):
        made = loaded(sheet)
        nbformat.validate(made)
        assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
        ids = [cell["id"] for cell in made["cells"]]
        assert len(set(ids)) == len(ids)
        assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in made["cells"])


@pytest.mark.parametrize(
    ("part", "places"),
    [
        (Part.CHAPTER, ["02_autograd.ipynb", "03_modules.ipynb", "04_training.ipynb", "05_devices.ipynb"]),
        (Part.WHOLE, ["exercises.ipynb"]),
    ],
)
def test_there_may_be_one_for_each_chapter_or_for_all(course: Course, part: Part, places: list[str]) -> None:
    made = notebooks(course, part)
    assert [sheet.place.as_posix() for sheet in made] == places
    tags = [tag for sheet in made for cell in loaded(sheet)["cells"] for tag in cell["metadata"].get("tags", ())]
    assert [slug for slug in course.slugs if f"exercise:{slug}" not in tags] == []


def test_one_exercise_is_its_statement_its_parts_and_the_check(course: Course) -> None:
    sheet = notebooks(course)[0]
    assert sheet.place.as_posix() == "02_autograd/matmul.ipynb"
    cells = loaded(sheet)["cells"]
    assert [(cell["id"], cell["cell_type"]) for cell in cells] == [
        ("matmul-statement", "markdown"),
        ("matmul-imports", "code"),
        ("matmul-MatMul", "code"),
        ("matmul-check", "code"),
    ]
    assert "".join(cells[0]["source"]).startswith("# Matrix multiplication that brings its own gradients\n")
    assert "".join(cells[1]["source"]) == "import torch"
    assert cells[2]["metadata"] == {"grader": {"exercise": "matmul"}, "tags": ["exercise:matmul"]}
    assert "".join(cells[2]["source"]).startswith("class MatMul(torch.autograd.Function):\n    @staticmethod\n")
    assert cells[3]["metadata"]["grader"] == {"check": "matmul"}
    assert '-m grader "matmul.ipynb" --exercise matmul' in "".join(cells[3]["source"])


def test_each_definition_of_a_stub_has_a_cell(course: Course) -> None:
    cells = loaded(notebooks(course)[-1])["cells"]
    names = ["statement", "best_device", "move_model", "move_batch", "check"]
    assert [cell["id"] for cell in cells] == [f"device-{name}" for name in names]


def test_the_bytes_are_the_same_every_time(course: Course) -> None:
    assert notebooks(course) == notebooks(Course.load(ROOT))


def test_nothing_private_is_in_them(course: Course) -> None:
    made = b"".join(sheet.data for sheet in notebooks(course)).decode()
    for exercise in course.exercises:
        stub = exercise.stub.read_text("utf-8")
        for line in exercise.solution.read_text("utf-8").splitlines():
            if len(line.strip()) > 12 and line.strip() not in stub:
                assert json.dumps(line.strip())[1:-1] not in made


def test_ids_of_cells_are_short_and_plain() -> None:
    assert cell_id("relu", "stub") == "relu-stub"
    for slug, role in (("a" * 80, "stub"), ("a", "b" * 80), ("a", "élan")):
        made = cell_id(slug, role)
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", made)
        assert made == cell_id(slug, role) != cell_id(slug, role + "x")


def stub(tmp_path: Path, source: str) -> Course:
    shutil.copytree(GOOD, tmp_path / "course")
    (tmp_path / "course" / "exercises" / "01_first" / "beta.py").write_text(source)
    return Course.load(tmp_path / "course")


def test_constants_comments_and_the_rest_keep_their_place(tmp_path: Path) -> None:
    source = (
        "import math\nSIZE = 3\n\n# what it does\ndef beta(x):\n    raise NotImplementedError\n\n\n"
        "def beta(x, y):\n    raise NotImplementedError\n\nLAST = 1\n# the end\n"
    )
    cells = loaded(notebooks(stub(tmp_path, source))[0])["cells"]
    assert ["".join(cell["source"]) for cell in cells[1:-1]] == [
        "import math",
        "SIZE = 3\n\n# what it does\ndef beta(x):\n    raise NotImplementedError",
        "def beta(x, y):\n    raise NotImplementedError",
        "LAST = 1\n\n# the end",
    ]
    assert [cell["id"] for cell in cells] == [
        "beta-statement",
        "beta-imports",
        "beta-beta",
        "beta-beta-2",
        "beta-rest",
        "beta-check",
    ]
    assert "".join(cells[0]["source"]).startswith("# Beta\n")


def test_a_stub_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StubError, match=r"the stub 01_first/beta.py can't be read .*; see grade check beta"):
        notebooks(stub(tmp_path, "def beta(:\n"))


def test_the_command_writes_them_and_names_them(tmp_path: Path) -> None:
    result = grade(str(tmp_path / "out"))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == str(tmp_path / "out" / "01_first" / "beta.ipynb")
    assert (tmp_path / "out" / "02_more" / "delta.ipynb").is_file()
    assert grade(str(tmp_path / "out")).exit_code == 0
    assert grade(str(tmp_path / "out"), "--chapter").stdout.split() == [
        str(tmp_path / "out" / name) for name in ("01_first.ipynb", "02_more.ipynb")
    ]
    assert grade(str(tmp_path / "out"), "--whole").stdout.split() == [str(tmp_path / "out" / "exercises.ipynb")]


def test_a_notebook_with_work_in_it_is_not_replaced(tmp_path: Path) -> None:
    assert grade(str(tmp_path)).exit_code == 0
    mine = tmp_path / "01_first" / "beta.ipynb"
    mine.write_text(mine.read_text().replace("raise NotImplementedError", "return 2 * x"))
    (tmp_path / "01_first" / "zeta.ipynb").unlink()
    result = grade(str(tmp_path))
    assert result.exit_code == 2
    assert f"{mine} is there already and holds something else" in result.stderr
    assert not (tmp_path / "01_first" / "zeta.ipynb").exists()
    assert grade(str(tmp_path), "--force").exit_code == 0
    assert "return 2" not in mine.read_text()


def test_a_file_is_no_place_for_them(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = grade(str(tmp_path / "file"))
    assert result.exit_code == 2
    assert "is a file; name a folder for the notebooks" in result.stderr
