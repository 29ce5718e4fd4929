"""What Dolos and JPlag get."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest

from grader.similarity.export import ExportError, Tool, export
from grader.similarity.gather import gather
from tests.similarity.classes import FakeBook, book_of

NAMES = ("Zoë Ångström", "=cmd|' /C calc'!A0", "../../etc/passwd", "李雷", "con", "A" * 300, "a/b\\c:d\n<b>", "stub")
STUBS = {"relu": "# the stub of relu\n", "sgd": "# the stub of sgd\n"}


@pytest.fixture
def book() -> FakeBook:
    return book_of({name: dict.fromkeys(STUBS, f"x = {n}\n") for n, name in enumerate(NAMES)})


def test_dolos_gets_a_zip_for_each_exercise_with_the_stub_as_its_template(book: FakeBook, tmp_path: Path) -> None:
    written = export(Tool.DOLOS, gather(book), book, STUBS, tmp_path / "out")
    assert [one.name for one in written] == ["relu.zip", "sgd.zip"]
    with zipfile.ZipFile(written[0]) as archive:
        assert archive.testzip() is None
        rows = list(csv.DictReader(io.StringIO(archive.read("info.csv").decode())))
        assert sorted(archive.namelist()) == sorted(["info.csv", *(row["filename"] for row in rows)])
        assert [row["filename"] for row in rows if row["ignored"] == "true"] == ["stub.py"]
        assert archive.read("stub.py") == b"# the stub of relu\n"
        assert archive.read(rows[3]["filename"]) == b"x = 2\n"
    assert rows[1]["full_name"] == NAMES[0]
    assert rows[1]["created_at"] == "2026-03-01T12:00:00+00:00"
    assert not [row for row in rows if row["full_name"].startswith(("=", "+", "-", "@"))]


def test_jplag_gets_a_folder_for_each_submission_and_the_base_code(book: FakeBook, tmp_path: Path) -> None:
    (root,) = export(Tool.JPLAG, gather(book, ["relu"]), book, STUBS, tmp_path / "out")
    assert (root / "stub" / "relu.py").read_text() == "# the stub of relu\n"
    folders = sorted(one.name for one in root.iterdir() if one.name != "stub")
    assert len(folders) == len(NAMES)
    assert [(root / one / "relu.py").read_text() for one in folders] == [f"x = {n}\n" for n in range(len(NAMES))]


def test_names_of_files_are_safe_everywhere(book: FakeBook, tmp_path: Path) -> None:
    export(Tool.JPLAG, gather(book), book, STUBS, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = archive.namelist()
    assert len({name.lower() for name in names}) == len(names) == 2 * (len(NAMES) + 1)
    for name in names:
        assert re.fullmatch(r"(relu|sgd)/(stub|\d{5}(_[a-z0-9_]{1,40})?)/(relu|sgd)\.py", name)


def test_without_names_there_are_numbers(book: FakeBook, tmp_path: Path) -> None:
    (path,) = export(Tool.DOLOS, gather(book, ["sgd"]), book, {}, tmp_path / "one.zip", anonymous=True)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("info.csv").decode()
    assert "ngstr" not in text
    assert "00001.py,00001," in text


def test_a_zip_for_dolos_holds_one_exercise(book: FakeBook, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="holds one exercise and there are 2; name a folder"):
        export(Tool.DOLOS, gather(book), book, STUBS, tmp_path / "all.zip")
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_there_is_overwritten(book: FakeBook, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ExportError, match="not an empty folder"):
        export(Tool.JPLAG, gather(book), book, STUBS, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]
