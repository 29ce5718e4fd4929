"""The names that each system gives, and what is made of them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from grader.classroom import Layout
from grader.intake import IntakeError
from grader.intake.layouts.github import assignment
from grader.intake.match import Matcher, take_apart
from grader.intake.times import utc
from tests.intake.classes import write_zip
from tests.intake.reading import Found, make_course

A, B = b"a = 1\n", b"b = 2\n"


def zipped(*files: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def read_zip(tmp_path: Path, *files: tuple[str, bytes], layout: Layout | None = None, name: str = "class.zip") -> Found:
    write_zip(tmp_path / name, files)
    return Found(tmp_path, tmp_path / name, layout)


def short(found: Found) -> set[tuple[str, int, str, str]]:
    return {(one.student.key, one.attempt, one.submission.slug, one.submission.file) for one in found.hand_ins}


def test_canvas_names(tmp_path: Path) -> None:
    found = read_zip(
        tmp_path,
        ("doejane_11_501_matmul.py", A),
        ("doejane_11_502_matmul-1.py", B),
        ("doejane_11_503_linear (1).py", A),
        ("o_neil_LATE_12_504_cross_entropy.py", A),
        ("13_505_matmul.py", A),
        ("doejane_14_506_99_7_matmul.py", A),
        ("doelate_15_text.html", b"<p>my code"),
        ("doelate_15_507_report.pdf", b"%PDF"),
        ("doelink_LATE_16_link-1.html", b"http://"),
        ("readme.html", b""),
        ("__MACOSX/._doejane_11_501_matmul.py", b"\0"),
    )
    assert found.intake.layout is Layout.CANVAS
    assert short(found) == {
        ("canvas:11", 1, "matmul", "matmul.py"),
        ("canvas:11", 2, "matmul", "matmul-1.py"),
        ("canvas:11", 1, "linear", "linear (1).py"),
        ("canvas:12", 1, "cross_entropy", "cross_entropy.py"),
        ("canvas:13", 1, "matmul", "matmul.py"),
    }
    late = {one.student.key: one.late for one in found.hand_ins}
    assert late == {"canvas:11": False, "canvas:12": True, "canvas:13": False}
    assert {one.student.name for one in found.hand_ins} == {"doejane", "o_neil", ""}
    assert found.hand_ins[1].ref == "doejane_11_501_matmul.py"
    assert found.hand_ins[1].student.ids == {"canvas_user": "11"}
    assert {one.student.key for one in found.empty} == {"canvas:14", "canvas:15", "canvas:16"}
    said = "\n".join(found.said)
    assert "99_7_matmul.py: no exercise is called 99_7_matmul; did you mean matmul.py?" in said
    assert "doelate_15_text.html: a text entry" in said
    assert "doelink_LATE_16_link-1.html: a web address" in said
    assert "readme.html: is not named as Canvas names files" in said
    assert len(found.said) == 4


def test_canvas_anonymous_and_late(tmp_path: Path) -> None:
    found = read_zip(tmp_path, ("anon_Ab3dE_98765_matmul.py", A), ("LATE_anon_Xy9_98766_matmul.py", B))
    assert {(one.student.key, one.student.name, one.late) for one in found.hand_ins} == {
        ("canvas:anon_Ab3dE", "", False),
        ("canvas:anon_Xy9", "", True),
    }


def test_the_later_of_two_canvas_uploads_of_one_name_has_the_higher_number(tmp_path: Path) -> None:
    found = read_zip(tmp_path, ("doe_1_900_matmul.py", A), ("doe_1_89_matmul.py", B))
    assert [(one.attempt, one.ref) for one in found.hand_ins] == [(1, "doe_1_89_matmul.py"), (2, "doe_1_900_matmul.py")]


def test_a_canvas_name_that_ends_in_a_number_does_not_make_its_files_another_students(tmp_path: Path) -> None:
    forged = zipped(("matmul.py", B))
    found = read_zip(
        tmp_path, ("doe_5_900_hw.zip", zipped(("matmul.py", A))), ("mallory_5_4711_90210_hw-1.zip", forged)
    )
    assert [(one.student.key, one.student.name, one.submission.source) for one in found.hand_ins] == [
        ("canvas:5", "doe", A.decode())
    ]
    assert found.refused == []
    assert [(one.place, one.why) for one in found.unmatched] == [
        ("mallory_5_4711_90210_hw-1.zip", "may be of the student 5 or of another one with a longer name")
    ]


def test_moodle_names(tmp_path: Path) -> None:
    found = read_zip(
        tmp_path,
        ("Jane Doe_101_assignsubmission_file/hw/matmul.py", A),
        ("Jane Doe_101_assignsubmission_onlinetext/onlinetext.html", b"text"),
        ("Jane Doe_102_assignsubmission_file_/matmul.py", B),
        ("Participant_103_assignsubmission_file_linear.py", A),
        ("Group A_7_assignsubmission_file/linear.py", A),
        ("José García_104_assignsubmission_onlinetext_onlinetext.html", b"text"),
        ("Jane Doe_101_assignfeedback_file/matmul.py", b"feedback"),
    )
    assert found.intake.layout is Layout.MOODLE
    assert short(found) == {
        ("moodle:101", 1, "matmul", "matmul.py"),
        ("moodle:102", 1, "matmul", "matmul.py"),
        ("moodle:103", 1, "linear", "linear.py"),
        ("moodle:7", 1, "linear", "linear.py"),
    }
    assert {one.student.name for one in found.hand_ins} == {"Jane Doe", "Participant", "Group A"}
    assert {one.ref for one in found.hand_ins if one.student.key == "moodle:102"} == {
        "Jane Doe_102_assignsubmission_file_"
    }
    assert [one.student.key for one in found.empty] == ["moodle:104"]
    assert len(found.said) == 2


METADATA = """---
submission_1:
  :submitters:
  - &1
    :name: Pair One
    :sid: 0200
    :email: &2 one@example.edu
  - :name: Pair Two
    :email: Two@example.edu
  :created_at: 2023-09-21 10:11:12.123456 -07:00
  :results:
    tests: [{name: t, output: "x\\nsubmission_9:\\n"}]
  :history:
  - :id: 123400
    :created_at: 2023-09-20 10:11:12 -07:00
submission_2:
  :submitters:
  - :name: Pair One
    :sid: '0200'
    :email: *2
  :created_at: 2023-09-22 10:11:12.123456 Z
submission_3:
  :submitters:
  - :name: Nobody
    :sid: ~
    :email:
  :created_at:
submission_4:
  :submitters: []
  :created_at: soon
0001.pdf:
  :submitters:
  - :name: Paper
    :sid: '5'
"""


def test_a_gradescope_export(tmp_path: Path) -> None:
    found = read_zip(
        tmp_path,
        ("assignment_1_export/submission_metadata.yml", METADATA.encode()),
        ("assignment_1_export/submission_1/matmul.py", A),
        ("assignment_1_export/submission_2/matmul.py", B),
        ("assignment_1_export/submission_3/notes.txt", b""),
        ("assignment_1_export/submission_4/matmul.py", A),
        ("assignment_1_export/submission_5/matmul.py", A),
    )
    assert found.intake.layout is Layout.GRADESCOPE
    seen = [(one.student.key, one.attempt, one.submitted_at, one.ref) for one in found.hand_ins]
    assert seen == [
        ("gradescope:one@example.edu", 1, "2023-09-21T17:11:12.123456+00:00", "submission_1"),
        ("gradescope:one@example.edu", 2, "2023-09-22T10:11:12.123456+00:00", "submission_2"),
        ("gradescope:two@example.edu", 1, "2023-09-21T17:11:12.123456+00:00", "submission_1"),
    ]
    assert found.hand_ins[1].student.ids == {"gradescope_sid": "0200", "email": "one@example.edu"}
    assert {one.student.key for one in found.empty} == {"gradescope:Nobody", "gradescope:5"}
    assert [one.place for one in found.unmatched] == ["0001.pdf", "submission_4", "submission_5"]


def test_two_people_with_one_student_number_are_kept_apart(tmp_path: Path) -> None:
    text = "".join(
        f"submission_{n}:\n  :submitters:\n  - {{':name': N{n}, ':sid': '7', ':email': n{n}@x.edu}}\n" for n in (1, 2)
    )
    found = read_zip(
        tmp_path,
        ("submission_metadata.yml", text.encode()),
        ("submission_1/matmul.py", A),
        ("submission_2/matmul.py", B),
    )
    assert {one.student.key for one in found.hand_ins} == {"gradescope:n1@x.edu", "gradescope:n2@x.edu"}
    assert len(found.intake.problems) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n- b\n",
        "a: [",
        "a: b: c",
        "%YAML 9",
        "\x00",
        "submission_1:\n  :submitters:\n  - :name: 'x",
        "a: " + "[" * 500,
    ],
)
def test_metadata_that_are_not_gradescopes_give_one_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match=r"submission_metadata\.yml") as caught:
        read_zip(tmp_path, ("submission_metadata.yml", text.encode()), ("submission_1/matmul.py", A))
    assert "\n" not in str(caught.value)


def test_references_in_the_metadata_unfold_to_nothing(tmp_path: Path) -> None:
    text = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    found = read_zip(tmp_path, ("submission_metadata.yml", text.encode()), ("submission_1/matmul.py", A))
    assert found.hand_ins == []


def test_clones_are_told_by_what_their_names_begin_with() -> None:
    assert assignment(["hw-1-ann", "hw-1-bob-b", "hw-1-cy"], "") == "hw-1-"
    assert assignment(["hw-1-ann-x", "hw-1-ann-y"], "hw-1-submissions") == "hw-1-"
    assert assignment(["hw-1-ann"], "") == "hw-1-"
    assert assignment(["ann", "bob"], "") == ""


@pytest.mark.parametrize("inside", [True, False])
def test_the_folder_that_clones_lie_in_says_where_logins_begin(inside: bool, tmp_path: Path) -> None:
    place = tmp_path / "class" / "hw-1-submissions"
    for name in ("hw-1-team-a", "hw-1-team-b"):
        (place / name / ".git").mkdir(parents=True)
    assert Found(tmp_path, place if inside else place.parent).keys == {"github:team-a", "github:team-b"}


def test_nbgraders_exchange_has_every_attempt(tmp_path: Path) -> None:
    found = read_zip(
        tmp_path,
        ("inbound/ann+hw1+2026-03-02 10:00:00.000000 UTC+Zx/matmul.py", B),
        ("inbound/ann+hw1+2026-03-01 10:00:00.000000 UTC+Qy/matmul.py", A),
        ("inbound/bob+hw1+2026-03-01 10:00:00.000000 UTC+Qz/matmul.py", A),
    )
    assert found.intake.layout is Layout.NBGRADER
    assert [(one.student.key, one.attempt, one.submission.source) for one in found.hand_ins] == [
        ("nbgrader:ann", 1, A.decode()),
        ("nbgrader:ann", 2, B.decode()),
        ("nbgrader:bob", 1, A.decode()),
    ]
    assert found.hand_ins[1].submitted_at == "2026-03-02T10:00:00+00:00"


def test_one_student_with_a_file_called_as_the_time_stamp_does_not_make_a_class_nbgraders(tmp_path: Path) -> None:
    files = [(f"{name}/matmul.py", A) for name in ("ann", "bob", "cy")]
    found = read_zip(tmp_path, *files, ("ann/x/timestamp.txt", b"2026-03-01 10:00:00 UTC"))
    assert found.keys == {"folder:ann", "folder:bob", "folder:cy"}


@pytest.mark.parametrize("top", ["", "submitted/"])
def test_a_student_who_is_called_as_a_folder_of_programs_is_listed(top: str, tmp_path: Path) -> None:
    found = read_zip(tmp_path, *((f"{top}{name}/hw/matmul.py", A) for name in ("ann", "bob", "dist", "__MACOSX", ".x")))
    assert [one.student.name for one in found.hand_ins] == ["ann", "bob"]
    assert [one.place for one in found.unmatched] == ["dist"]


def test_a_number_behind_a_students_name_is_the_students(tmp_path: Path) -> None:
    flat = ("matmul_group-1.py", "matmul_group-2.py", "linear_group-1 (1).py", "linear_bob.py")
    found = read_zip(tmp_path, *((name, A) for name in flat))
    assert {(one.student.key, one.attempt, one.submission.slug) for one in found.hand_ins} == {
        ("folder:group-1", 1, "matmul"),
        ("folder:group-2", 1, "matmul"),
        ("folder:group-1", 1, "linear"),
        ("folder:bob", 1, "linear"),
    }


def test_a_number_behind_a_students_archive_is_the_students(tmp_path: Path) -> None:
    archive = zipped(("matmul.py", A))
    found = read_zip(tmp_path, *((name, archive) for name in ("ann-1.zip", "ann-2.zip", "ann-2 (1).zip")))
    assert {(one.student.key, one.attempt) for one in found.hand_ins} == {
        ("folder:ann-1", 1),
        ("folder:ann-2", 1),
        ("folder:ann-2", 2),
    }


def test_single_files_have_the_student_on_either_side(tmp_path: Path) -> None:
    found = read_zip(
        tmp_path,
        ("ann_matmul.py", A),
        ("linear-ann.py", A),
        ("Ann-Lee.MATMUL.py", A),
        ("bob cross_entropy (2).py", A),
        ("bob cross_entropy.py", B),
        ("relu_linear_matmul.py", A),
        ("linear_matmul.py", A),
        ("matmul.py", A),
        ("carl_mat.py", A),
        ("notes.txt", A),
        ("dora.7z", A),
    )
    assert found.intake.layout is Layout.FLAT
    assert {(one.student.key, one.attempt, one.submission.slug) for one in found.hand_ins} == {
        ("folder:ann", 1, "matmul"),
        ("folder:ann", 1, "linear"),
        ("folder:Ann-Lee", 1, "matmul"),
        ("folder:bob", 1, "cross_entropy"),
        ("folder:bob", 2, "cross_entropy"),
        ("folder:relu_linear", 1, "matmul"),
    }
    assert {one.place: one.why for one in found.unmatched} == {
        "carl_mat.py": "no student and exercise, such as doe_matmul, is in the name carl_mat",
        "dora.7z": "a .7z archive is not read; ask for a zip, or for the files themselves",
        "linear_matmul.py": "may be of either of two exercises; put the student's work into a folder",
        "matmul.py": "has no student in its name, such as doe in doe_matmul.py",
    }


@pytest.mark.parametrize(
    ("name", "stem", "again"),
    [
        ("matmul.py", "matmul", ()),
        ("matmul-1.py", "matmul", (1,)),
        ("matmul (3).py", "matmul", (3,)),
        ("matmul(3).py", "matmul", (3,)),
        ("matmul-1 (2).py", "matmul", (1, 2)),
        ("conv1.py", "conv1", ()),
        ("-1.py", "-1", ()),
        ("a.b-2.tar.gz", "a.b", (2,)),
        ("matmul.py. ", "matmul", ()),
        ("x" + "-1" * 50 + ".py", "x" + "-1" * 42, (1,) * 8),
    ],
)
def test_what_a_re_upload_adds_is_taken_off(name: str, stem: str, again: tuple[int, ...]) -> None:
    named = take_apart(name)
    assert (named.stem, named.again) == (stem, again)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("matmull.py", "did you mean matmul.py"),
        ("cross-entropy.py", "did you mean cross_entropy.py"),
        ("my_linear.ipynb", "did you mean linear.ipynb"),
        ("hello.py", "no exercise is called hello"),
        ("matmul.txt", "ask for matmul.py"),
        ("matmul.py.txt", "ask for matmul.py"),
        ("linear.rar", "a .rar archive is not read"),
        ("hello.txt", ""),
        ("data.csv", ""),
        ("test_matrix.py", ""),
        ("__init__.py", ""),
        ("\x1b[31m" + "a" * 500 + ".py", "aaa…"),
    ],
)
def test_what_is_said_about_a_file_for_no_exercise(name: str, part: str, tmp_path: Path) -> None:
    line = Matcher(make_course(tmp_path)).missed(name)
    assert part in line if part else line == ""
    assert "\x1b" not in line


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2023-09-21 10:11:12.5 -07:00", "2023-09-21T17:11:12.500000+00:00"),
        ("2015-02-02 15:58:23.948203 UTC", "2015-02-02T15:58:23.948203+00:00"),
        ("2015-02-02 15:58:23 +0130", "2015-02-02T14:28:23+00:00"),
        ("2023-09-21T10:11:12Z", "2023-09-21T10:11:12+00:00"),
        ("2023-09-21 10:11:12", "2023-09-21T10:11:12+00:00"),
        ("0001-01-01 00:00:00 +1400", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_times_become_utc(text: str, wanted: str) -> None:
    assert utc(text) == wanted
