"""The hand-out has what students need, and nothing of the private tree."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.course import Course
from grader.handout.errors import HandoutError
from grader.handout.place import MANIFEST
from grader.handout.release import Release, contents, left_out, release
from grader.handout.selection import narrowed
from tests.course_files import ROOT
from tests.course_files import course as own_course
from tests.handout import small

PLAIN = Release(notebooks=False)


def handed_out(files: dict[str, bytes]) -> Iterator[str]:
    """Every text in a hand-out, by a reader that shares nothing with the one in the grader."""
    for path, data in files.items():
        yield path
        text = data.decode("utf-8")
        yield text
        if path.endswith((".json", ".ipynb")):
            yield re.sub(r"\\n", "\n", text).replace('\\"', '"')


def private_lines() -> set[str]:
    """The lines of `solutions/` that are not in `exercises/` as well and say something."""
    public = {
        line.strip() for path in (ROOT / "exercises").rglob("*.py") for line in path.read_text("utf-8").split("\n")
    }
    private: set[str] = set()
    for path in (ROOT / "solutions").rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            private |= {line.strip() for line in path.read_text("utf-8").split("\n")}
    return {line for line in private - public if len(re.findall(r"[A-Za-z0-9]", line)) >= 8}


def test_no_line_of_the_private_tree_is_in_the_hand_out_of_this_course(tmp_path: Path) -> None:
    course = own_course()
    release(course, course, tmp_path / "out", Release())
    release(course, course, tmp_path / "out.zip", Release())
    files = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        files |= {f"zip/{name}": archive.read(name) for name in archive.namelist()}
    assert len([path for path in files if path.endswith(".ipynb")]) == 2 * len(course.slugs)
    private = private_lines()
    assert len(private) > 1500
    shown = [line for text in handed_out(files) for line in text.split("\n") if line.strip() in private]
    assert shown == []
    everything = "\n".join(handed_out(files))
    assert [line for line in private if len(line) >= 24 and line in everything] == []
    names = {path.name for path in (ROOT / "solutions").rglob("*.*")} - {
        path.name for path in (ROOT / "exercises").rglob("*.py")
    }
    assert [name for name in names if name in everything] == []


@pytest.mark.parametrize(
    ("private", "line"),
    [
        ("solutions/01_part/double/double.py", "    secret_of_the_double = X + X"),
        ("solutions/01_part/double/test_double.py", "# see: expected_of_double = 2 * X, as in the suite"),
        ("solutions/01_part/double/wrong/squared_instead.py", "Is it twice, or the square, that was asked for?"),
        ("solutions/01_part/double/right/by_a_product.py", "try: return 2 * X + 0 * X.sum()"),
        ("solutions/01_part/double/exercise.toml", "a hint: What is X + X, element by element?"),
    ],
)
def test_a_private_line_is_named_with_its_place_and_nothing_is_written(tmp_path: Path, private: str, line: str) -> None:
    course = small.course(tmp_path / "course")
    wanted = msgspec.structs.replace(PLAIN, hand_in=f"Upload it.\n\n{line}\n")
    with pytest.raises(HandoutError) as error:
        release(course, course, tmp_path / "out", wanted)
    assert re.search(r"^README\.md:\d+ shows " + re.escape(private), str(error.value), re.MULTILINE)
    assert not (tmp_path / "out").exists()


def test_a_private_line_inside_a_notebook_is_found(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")

    def leaky(_: Course) -> dict[str, bytes]:
        cell = {
            "cell_type": "code",
            "source": 'x = 1\nassert_value(submission.double(X), expected_of_double, of="the result")',
        }
        lines = {"cell_type": "code", "source": ["x = 1\n", "return 2 * X + ", "0 * X.sum()\n"]}
        return {f"notebooks/{n}.ipynb": json.dumps({"cells": [one]}).encode() for n, one in (("a", cell), ("b", lines))}

    with pytest.raises(HandoutError) as error:
        contents(course, course, Release(), leaky)
    assert "notebooks/a.ipynb shows solutions/01_part/double/test_double.py:12" in str(error.value)
    assert "notebooks/b.ipynb shows solutions/01_part/double/right/by_a_product.py:5" in str(error.value)


def test_the_names_of_private_files_and_the_place_of_the_course_are_private(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    for text in ("the file squared_instead.py", f"made from {tmp_path / 'course'}"):
        with pytest.raises(HandoutError, match="nothing was written"):
            contents(course, course, msgspec.structs.replace(PLAIN, hand_in=text))


def test_a_file_that_is_no_text_is_known_by_its_bytes(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    picture = bytes(range(256)) * 4
    (course.exercises[0].suite.parent / "data.bin").write_bytes(picture)
    with pytest.raises(HandoutError, match=r"copy.bin shows .*data.bin: the whole file"):
        contents(course, course, Release(), lambda _: {"notebooks/copy.bin": picture})


def test_a_stub_with_the_solution_in_it_is_refused(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    [exercise] = course.exercises
    exercise.stub.write_text(exercise.solution.read_text())
    with pytest.raises(HandoutError, match=r"exercises/01_part/double\.py:5: double: .* is in the reference solution"):
        contents(course, course, PLAIN)


def test_the_lines_of_a_solved_stub_are_private_in_the_hand_out_of_others(tmp_path: Path) -> None:
    whole = small.course(tmp_path / "course", "double", "other")
    double = whole.exercises[0]
    double.stub.write_text(double.solution.read_text())
    wanted = msgspec.structs.replace(PLAIN, hand_in="secret_of_the_double = X + X")
    with pytest.raises(HandoutError, match=r"shows solutions/01_part/double/double.py:5"):
        contents(whole, narrowed(whole, ["other"]), wanted)


def test_only_what_was_selected_is_handed_out(tmp_path: Path) -> None:
    whole = small.course(tmp_path / "course", "one", "two", "three")
    assert narrowed(whole, ["two"], ["03_part"]).slugs == ("two", "three")
    files = contents(whole, narrowed(whole, ["two"]), PLAIN)
    assert sorted(files) == [".gitignore", "README.md", "exercises/02_part/two.py", "requirements.txt"]
    assert "three" not in files["README.md"].decode()
    for slugs, chapters in ((["four"], []), ([], ["04_part"])):
        with pytest.raises(HandoutError, match="there are "):
            narrowed(whole, slugs, chapters)


def test_the_readme_lists_the_exercises_in_order_with_points_and_concepts(tmp_path: Path) -> None:
    course = own_course()
    points = dict.fromkeys(course.slugs, 10.0) | {"sgd": 2.5}
    text = contents(course, course, msgspec.structs.replace(PLAIN, points=points, title="Homework 3"))[
        "README.md"
    ].decode()
    assert text.startswith("# Homework 3\n")
    rows = re.findall(r"^\| (\d) \| \[(\w+)\]\((\S+)\): .* \| (\S+) \| .+ \|$", text, re.MULTILINE)
    assert [slug for _, slug, _, _ in rows] == list(course.slugs)
    assert [number for number, *_ in rows] == [str(n) for n in range(1, 8)]
    assert all((ROOT / path).is_file() for _, _, path, _ in rows)
    assert {slug: worth for _, slug, _, worth in rows}["sgd"] == "2.5"
    assert "Together 62.5 points." in text
    assert "$" not in text
    assert "Together" not in contents(course, course, PLAIN)["README.md"].decode()


def test_a_text_of_ones_own_says_how_to_hand_in(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    text = contents(course, course, msgspec.structs.replace(PLAIN, hand_in="Upload to $place by Friday."))["README.md"]
    assert text.decode().endswith("## Hand in\n\nUpload to $place by Friday.\n")


def test_a_zip_has_the_same_bytes_each_time_and_the_same_files_as_the_folder(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course", "one", "two")
    release(course, course, tmp_path / "a.zip", PLAIN)
    first = (tmp_path / "a.zip").read_bytes()
    for path in (tmp_path / "course").rglob("*.py"):
        path.touch()
    release(course, course, tmp_path / "a.zip", PLAIN)
    assert (tmp_path / "a.zip").read_bytes() == first
    release(course, course, tmp_path / "folder", PLAIN)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == {
        path.relative_to(tmp_path / "folder").as_posix(): path.read_bytes()
        for path in (tmp_path / "folder").rglob("*")
        if path.is_file()
    }


def test_a_zip_of_others_is_not_replaced(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    with zipfile.ZipFile(tmp_path / "theirs.zip", "w") as archive:
        archive.writestr("essay.txt", "two years of work")
    before = (tmp_path / "theirs.zip").read_bytes()
    with pytest.raises(HandoutError, match="not made by grade"):
        release(course, course, tmp_path / "theirs.zip", PLAIN)
    assert (tmp_path / "theirs.zip").read_bytes() == before


def test_a_release_brings_an_earlier_one_up_to_date(tmp_path: Path) -> None:
    whole = small.course(tmp_path / "course", "one", "two")
    out = tmp_path / "out"
    release(whole, whole, out, PLAIN)
    (out / "syllabus.pdf").write_bytes(b"theirs")
    (out / "exercises" / "02_part" / "data.csv").write_text("theirs as well")
    stub = whole.exercises[0].stub
    stub.write_text(stub.read_text().replace("Double", "Double each element of"))
    changes = release(whole, narrowed(whole, ["one"]), out, PLAIN)
    assert changes.added == ()
    assert changes.changed == ("README.md", "exercises/01_part/one.py")
    assert changes.removed == ("exercises/02_part/two.py",)
    assert (out / "exercises/01_part/one.py").read_bytes() == stub.read_bytes()
    assert (out / "syllabus.pdf").read_bytes() == b"theirs"
    assert (out / "exercises/02_part/data.csv").exists()
    (out / "exercises/02_part/data.csv").unlink()
    release(whole, whole, out, PLAIN)
    release(whole, narrowed(whole, ["one"]), out, PLAIN)
    assert not (out / "exercises/02_part").exists()


def test_files_that_somebody_changed_are_neither_replaced_nor_removed(tmp_path: Path) -> None:
    whole = small.course(tmp_path / "course", "one", "two")
    out = tmp_path / "out"
    release(whole, whole, out, PLAIN)
    (out / "exercises/02_part/two.py").write_text("changed")
    with pytest.raises(HandoutError, match=r"two.py was changed since it was released"):
        release(whole, whole, out, PLAIN)
    changes = release(whole, narrowed(whole, ["one"]), out, PLAIN)
    assert (changes.removed, changes.kept) == ((), ("exercises/02_part/two.py",))
    assert (out / "exercises/02_part/two.py").read_text() == "changed"
    # From now on it is theirs.
    with pytest.raises(HandoutError, match=r"two.py was not written by grade"):
        release(whole, whole, out, msgspec.structs.replace(PLAIN, overwrite=True))
    (out / "exercises/01_part/one.py").write_text("changed")
    release(whole, narrowed(whole, ["one"]), out, msgspec.structs.replace(PLAIN, overwrite=True))
    assert (out / "exercises/01_part/one.py").read_bytes() == whole.exercises[0].stub.read_bytes()


def test_a_folder_of_others_is_refused_and_an_empty_repository_is_not(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "note.txt").write_text("theirs")
    with pytest.raises(HandoutError, match="not empty and was not made by grade"):
        release(course, course, theirs, PLAIN)
    assert [path.name for path in theirs.iterdir()] == ["note.txt"]
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    release(course, course, tmp_path / "repository", PLAIN)
    assert (tmp_path / "repository" / "README.md").is_file()


def test_a_manifest_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    out = tmp_path / "out"
    victim = tmp_path / "victim"
    victim.write_text("x")
    for path in ("../victim", str(victim), "a/../../victim", "", "./x", "a\\..\\victim"):
        out.mkdir(exist_ok=True)
        (out / MANIFEST).write_text(json.dumps({"version": 1, "files": {path: "0"}}))
        with pytest.raises(HandoutError, match="can't be understood"):
            release(course, course, out, PLAIN)
    assert victim.read_text() == "x"


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    out = tmp_path / "out"
    release(course, course, out, PLAIN)
    elsewhere = tmp_path / "elsewhere"
    (out / "exercises").rename(elsewhere)
    (out / "exercises").symlink_to(elsewhere)
    with pytest.raises(HandoutError, match="is a link"):
        release(course, course, out, PLAIN)


@pytest.mark.parametrize("place", [".", "exercises/out", "solutions/out", ".."])
def test_the_course_is_no_place_for_a_hand_out(tmp_path: Path, place: str) -> None:
    course = small.course(tmp_path / "course")
    with pytest.raises(HandoutError, match="name a"):
        release(course, course, course.root / place, PLAIN)


def test_files_in_the_public_tree_that_are_no_stubs_are_named(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    (course.root / "exercises" / "01_part" / "data.csv").write_text("1,2\n")
    (course.root / "exercises" / ".cache").write_text("")
    assert left_out(course) == ["exercises/01_part/data.csv"]


def test_the_command_releases_with_the_points_of_the_suites(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["release", str(out), "--no-notebooks", "--course", str(course.root)])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, f"{out}: 1 of 1 exercises, nothing private")
    assert "Twice (double) | 2 | addition |" in (out / "README.md").read_text()


def test_the_command_refuses_in_one_line(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    args = ["release", str(course.root), "--no-notebooks", "--no-points", "--course", str(course.root)]
    done = CliRunner().invoke(main, args)
    assert done.exit_code == 2
    assert done.output.startswith(f"grade: {course.root}: the course itself is in it")
    assert done.output.count("\n") == 1
