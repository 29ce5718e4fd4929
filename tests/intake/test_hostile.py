"""An archive that a student handed in may be anything. It costs its owner's work, and nobody else's."""

from __future__ import annotations

import errno
import io
import os
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom import Layout
from grader.intake import IntakeError, caps
from tests.intake.classes import Pupil, write_class
from tests.intake.reading import Found

GOOD = b"x = 1\n"


def zipped(*files: tuple[str, bytes], attr: int = 0) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            info = zipfile.ZipInfo()
            info.filename = name  # as it is: the constructor cuts at a zero byte
            info.external_attr = attr << 16
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return stream.getvalue()


def tarred(*files: tuple[str, bytes], kind: bytes = tarfile.REGTYPE, link: str = "", packed: bool = False) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz" if packed else "w") as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            info.size = len(content) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def encrypted() -> bytes:
    raw = bytearray(zipped(("matmul.py", GOOD)))
    raw[raw.index(b"PK\x03\x04") + 6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


def wrong_crc() -> bytes:
    raw = zipped(("matmul.py", GOOD))
    return raw.replace(struct.pack("<I", zlib.crc32(GOOD)), b"\0\0\0\0")


def broken_directory() -> bytes:
    raw = zipped(("matmul.py", GOOD))
    return raw.replace(b"PK\x01\x02", b"PK\x01\x09")


def overlapping() -> bytes:
    """Two names in the list of files for one and the same bytes."""
    raw = zipped(("matmul.py", GOOD))
    at, end = raw.index(b"PK\x01\x02"), raw.index(b"PK\x05\x06")
    entry = raw[at:end]
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(entry), at, 0)
    return raw[:at] + entry + entry.replace(b"matmul.py", b"linear.py") + tail


def bomb() -> bytes:
    """It claims to unpack to more than anyone's homework."""
    raw = bytearray(zipped(*((f"{number}.bin", b"") for number in range(3))))
    at = 0
    while (at := raw.find(b"PK\x01\x02", at)) >= 0:
        raw[at + 24 : at + 28] = struct.pack("<I", 0xF0000000)
        at += 4
    return bytes(raw)


def notebooks_bomb() -> bytes:
    return zipped(*((f"n{number}.ipynb", bytes(caps.NOTEBOOK_MAX_BYTES // 2)) for number in range(9)))


def many_files() -> bytes:
    return zipped(*((f"{number}.txt", b"") for number in range(caps.STUDENT.entries + 1)))


def long_list() -> bytes:
    """A list of files that is longer than what is parsed at all."""
    raw = zipped(("matmul.py", GOOD))
    at, end = raw.index(b"PK\x01\x02"), raw.index(b"PK\x05\x06")
    entries = raw[at:end] * (caps.STUDENT.listing_bytes // (end - at) + 1)
    return raw[:at] + entries + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 9, 9, len(entries), at, 0)


def gzip_bomb() -> bytes:
    """A tar whose one file unpacks to a terabyte, if anyone let it."""
    info = tarfile.TarInfo("data.bin")
    info.size = 1 << 40
    pack = zlib.compressobj(1, wbits=31)
    zeros = bytes(1 << 20)
    return pack.compress(info.tobuf()) + b"".join(pack.compress(zeros) for _ in range(300)) + pack.flush()


def empty_members() -> bytes:
    return zlib.compress(b"", wbits=31) * 100_000


def long_header() -> bytes:
    """A header of a megabyte of digits, which the patterns of a parser take ages for."""
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 1 << 20
    return info.tobuf() + b"1" * (1 << 20)


def chained_headers() -> bytes:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 0
    return info.tobuf() * 5000


def negative_size() -> bytes:
    raw = bytearray(tarred(("a.txt", b""), ("matmul.py", GOOD)))
    raw[124:136] = b"\xff" * 8 + struct.pack(">i", -512)
    raw[148:156] = b" " * 8
    raw[148:156] = f"{sum(raw[:512]):06o}\0 ".encode()
    return bytes(raw)


HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a path that leads out": ("zip", lambda: zipped(("../../matmul.py", GOOD)), "points outside"),
    "a path that leads out by backslashes": ("zip", lambda: zipped(("a\\..\\..\\matmul.py", GOOD)), "points outside"),
    "an absolute path": ("zip", lambda: zipped(("/etc/matmul.py", GOOD)), "absolute path"),
    "a drive": ("zip", lambda: zipped(("C:\\matmul.py", GOOD)), "absolute path"),
    "a device": ("zip", lambda: zipped(("matmul.py", GOOD), ("a/con.py", GOOD)), "called as a device"),
    "a device and a dot": ("zip", lambda: zipped(("matmul.py", GOOD), ("NUL .", GOOD)), "called as a device"),
    "a zero byte": ("zip", lambda: zipped(("matmul.py\0.txt", GOOD)), "control character"),
    "an escape": ("zip", lambda: zipped(("\x1b[31mmatmul.py", GOOD)), "control character"),
    "a link": ("zip", lambda: zipped(("matmul.py", b"/etc/passwd"), attr=0o120777), "is a link"),
    "a pipe": ("zip", lambda: zipped(("matmul.py", b""), attr=0o010644), "is a device"),
    "a password": ("zip", encrypted, "is encrypted"),
    "a wrong checksum": ("zip", wrong_crc, "is damaged"),
    "a broken list of files": ("zip", broken_directory, "is damaged"),
    "half of it": ("zip", lambda: zipped(("matmul.py", GOOD * 99))[:60], "is damaged"),
    "nothing": ("zip", lambda: b"", "is damaged"),
    "files that overlap": ("zip", overlapping, "share their bytes"),
    "a bomb": ("zip", bomb, "unpacks to"),
    "notebooks of zeros": ("zip", notebooks_bomb, "Python files and notebooks"),
    "20,001 files": ("zip", many_files, "20,000"),
    "a long list of files": ("zip", long_list, "20,000"),
    "too deep a path": ("zip", lambda: zipped(("a/" * 500 + "matmul.py", GOOD)), "too deep"),
    "too long a name": ("zip", lambda: zipped(("a" * 5000 + ".py", GOOD)), "too long a name"),
    "a tar that leads out": ("tar", lambda: tarred(("../matmul.py", GOOD)), "points outside"),
    "a symbolic link in a tar": ("tar", lambda: tarred(("matmul.py", b""), kind=tarfile.SYMTYPE, link="/x"), "a link"),
    "a hard link in a tar": ("tar", lambda: tarred(("matmul.py", b""), kind=tarfile.LNKTYPE, link="x"), "is a link"),
    "a device in a tar": ("tar", lambda: tarred(("matmul.py", b""), kind=tarfile.CHRTYPE), "is a device"),
    "no tar": ("tar", lambda: b"x = 1\n" * 500, "no tar"),
    "half a tar": ("tar", lambda: tarred(("a.txt", bytes(5000)), ("matmul.py", GOOD))[:3000], "is damaged"),
    "a damaged header": (
        "tar",
        lambda: tarred(("a.txt", b""), ("matmul.py", GOOD)).replace(b"matmul.py", b"MATMUL.py"),
        "is damaged",
    ),
    "half a packed tar": ("tgz", lambda: tarred(("matmul.py", GOOD), packed=True)[:60], "is damaged"),
    "a packed bomb": ("tgz", gzip_bomb, "unpacks to too much"),
    "a million empty pieces": ("tgz", empty_members, "too many pieces"),
    "a header of a megabyte": ("tar", long_header, "longer than any"),
    "headers about headers": ("tar", chained_headers, "is damaged"),
    "a negative size": ("tar", negative_size, "is damaged"),
}


@pytest.mark.parametrize("layout", [Layout.CANVAS, Layout.FOLDERS])
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_archive_is_refused_and_the_others_are_read(what: str, layout: Layout, tmp_path: Path) -> None:
    kind, build, line = HOSTILE[what]
    pupils = [
        Pupil("Mallory", 1, {}, extra={f"homework.{kind}": build()}),
        Pupil("Alice", 2, {"matmul": "fine = 1\n"}),
        Pupil("Bob", 3, {}, extra={"homework.zip": zipped(("hw/linear.py", GOOD), ("__MACOSX/hw/._linear.py", b"\0"))}),
    ]
    place = write_class(tmp_path, layout, pupils, pack="zip")
    started = time.process_time()
    found = Found(tmp_path, place)
    assert time.process_time() - started < 5
    assert [one.student.name.partition(" ")[0].lower() for one in found.refused] == ["mallory"]
    assert line in found.refused[0].why, found.refused[0].why
    assert f"homework.{kind}" in found.refused[0].place
    assert "\n" not in found.refused[0].why
    assert "\x1b" not in found.refused[0].why
    assert {one.submission.source for one in found.hand_ins} == {"fine = 1\n", GOOD.decode()}


def test_only_sources_under_names_of_ours_are_ever_written(tmp_path: Path) -> None:
    archive = zipped(
        ("hw/matmul.py", GOOD),
        ("hw/evil.sh", b"x"),
        ("hw/conftest.py", b"x"),
        ("hw/matmul.pyc", b"x"),
        ("x.zip", zipped()),
    )
    place = write_class(tmp_path, Layout.FOLDERS, [Pupil("A", 1, {}, extra={"a.zip": archive})], pack="zip")
    Found(tmp_path, place)
    written = [path for path in (tmp_path / "work").rglob("*") if path.is_file()]
    assert [path.name for path in written] == ["matmul.py"]
    assert len(written[0].parent.name) == 64


@pytest.mark.parametrize("name", ["class/../../matmul.py", "../matmul.py", "/matmul.py"])
def test_a_download_that_leads_out_writes_nothing(name: str, tmp_path: Path) -> None:
    place = tmp_path / "class.zip"
    place.write_bytes(zipped(("class/alice/matmul.py", GOOD), ("class/bob/matmul.py", GOOD), (name, GOOD)))
    if name.startswith("class"):
        assert {one.student.name for one in Found(tmp_path, place).hand_ins} == {"alice", "bob"}
    else:
        with pytest.raises(IntakeError, match="is not read, because a file in it") as caught:
            Found(tmp_path, place)
        assert "\n" not in str(caught.value)
    assert not (tmp_path.parent / "matmul.py").exists()


def test_an_odd_name_of_a_single_file_costs_its_owner(tmp_path: Path) -> None:
    place = tmp_path / "class.zip"
    place.write_bytes(zipped(("alice_1_11_matmul.py", GOOD), ("bob_2_12_linear.py", GOOD), ("eve_3_13_a\x07.py", GOOD)))
    found = Found(tmp_path, place)
    assert {one.student.name for one in found.hand_ins} == {"alice", "bob"}
    assert [(one.student.name, "control character" in one.why) for one in found.refused] == [("eve", True)]


@pytest.mark.parametrize("layout", [Layout.FOLDERS, Layout.NBGRADER, Layout.GITHUB, Layout.MOODLE])
def test_a_folder_that_its_owner_has_closed_costs_its_owner(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pupils = [Pupil(name, number, {"matmul": "a = 1"}) for number, name in enumerate(("Alice", "Bob", "Eve"), 1)]
    place = write_class(tmp_path, layout, pupils)
    [closed] = [path for path in place.rglob("*") if path.is_dir() and path.name.lower().count("eve")]
    scan = os.scandir

    def closed_scan(path: Path) -> object:  # root may read everything, so no mode would do
        if Path(path) == closed:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed_scan)
    found = Found(tmp_path, place)
    assert len(found.hand_ins) == 2
    assert ["can't be read" in one.why for one in found.refused] == [True]


def test_lines_about_files_are_clean_whatever_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(caps.SIZES, ".ipynb", 10)
    place = tmp_path / "class"
    (place / "eve").mkdir(parents=True)
    (place / "eve" / "\x1b[2J\u202ea.ipynb").write_text("x" * 100)
    [line] = Found(tmp_path, place).said
    assert line.isprintable()


def test_what_leads_out_below_one_students_folder_is_that_students(tmp_path: Path) -> None:
    place = tmp_path / "class.zip"
    place.write_bytes(zipped(("alice/matmul.py", GOOD), ("bob/../../x/matmul.py", GOOD), ("bob/linear.py", GOOD)))
    found = Found(tmp_path, place)
    assert {one.student.name for one in found.hand_ins} == {"alice"}
    assert {one.student.name for one in found.refused} == {"bob"}


@pytest.mark.parametrize("build", [bomb, overlapping, encrypted, wrong_crc, broken_directory])
def test_a_hostile_download_gives_one_line_or_costs_one_student(build: Callable[[], bytes], tmp_path: Path) -> None:
    place = tmp_path / "class.zip"
    place.write_bytes(build())
    with pytest.raises(IntakeError) as caught:
        Found(tmp_path, place)
    assert "\n" not in str(caught.value)


def test_a_damaged_file_in_the_download_costs_that_student(tmp_path: Path) -> None:
    pupils = [Pupil("A", 1, {"matmul": "a = 1"}), Pupil("B", 2, {"matmul": "b = 2"})]
    place = write_class(tmp_path, Layout.CANVAS, pupils, pack="zip")
    place.write_bytes(place.read_bytes().replace(struct.pack("<I", zlib.crc32(b"b = 2")), b"\0\0\0\0"))
    found = Found(tmp_path, place)
    assert {one.student.name for one in found.hand_ins} == {"a"}
    assert [(one.student.name, one.slug) for one in found.refused] == [("b", "matmul")]


def test_100_000_files_in_one_students_folder_cost_that_student(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.intake.tree.STUDENT", caps.Caps(**{**_fields(caps.STUDENT), "entries": 50}))
    many = {f"data/{number}.csv": b"" for number in range(51)}
    pupils = [Pupil("Mallory", 1, {"matmul": "no"}, extra=many), Pupil("Alice", 2, {"matmul": "yes"})]
    for pack in ("", "zip", "tar.gz"):
        found = Found(tmp_path, write_class(tmp_path, Layout.MOODLE, pupils, pack=pack))
        assert {one.submission.source for one in found.hand_ins} == {"yes"}
        assert [one.student.name for one in found.refused] == ["Mallory"]
        assert "more than 50 files" in found.refused[0].why


def test_a_thousand_notebooks_of_one_student_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.intake.collect.NOTEBOOKS_MAX", 5)
    many = {f"{number}.ipynb": b"{}" for number in range(6)}
    pupils = [Pupil("Mallory", 1, {"matmul": "no"}, extra=many), Pupil("Alice", 2, {"matmul": "yes"}, extra={"a": b""})]
    found = Found(tmp_path, write_class(tmp_path, Layout.MOODLE, pupils))
    assert {one.submission.source for one in found.hand_ins} == {"yes"}
    assert ["more than 5 notebooks" in one.why for one in found.refused] == [True]


def test_of_a_thousand_attempts_the_last_ones_are_graded(tmp_path: Path) -> None:
    place = tmp_path / "class"
    for number in range(1, 61):
        folder = place / "mallory" / f"attempt{number}"
        folder.mkdir(parents=True)
        (folder / "matmul.py").write_text(f"a = {number}")
    (place / "alice").mkdir()
    found = Found(tmp_path, place)
    assert [one.submission.source for one in found.hand_ins] == [f"a = {number}" for number in range(11, 61)]
    assert found.said == ["mallory: 10 earlier files for matmul are not read, as 50 later are"]


def test_of_a_thousand_files_that_are_refused_some_are_listed(tmp_path: Path) -> None:
    place = tmp_path / "class"
    (place / "mallory").mkdir(parents=True)
    (place / "alice").mkdir()
    for number in range(1, 31):
        (place / "mallory" / f"linear-{number}.py").symlink_to("/etc/passwd")
    (place / "mallory" / "matmul.py").symlink_to("/etc/passwd")
    found = Found(tmp_path, place)
    assert {one.slug for one in found.refused} == {"matmul", "linear"}
    assert len(found.refused) == 21
    assert [one.why for one in found.unmatched][-1].startswith("10 more files that")


def _fields(one: caps.Caps) -> dict[str, int]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def test_links_and_pipes_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("reference = 1\n")
    place = tmp_path / "class"
    (place / "mallory").mkdir(parents=True)
    (place / "alice").mkdir()
    (place / "alice" / "matmul.py").write_text("fine = 1\n")
    (place / "mallory" / "matmul.py").symlink_to(tmp_path / "secret.py")
    (place / "mallory" / "more").symlink_to(tmp_path)
    (place / "bob").symlink_to(place / "alice")
    os.mkfifo(place / "mallory" / "linear.py")
    os.mkfifo(place / "mallory" / "more.zip")
    found = Found(tmp_path, place)
    assert {one.submission.source for one in found.hand_ins} == {"fine = 1\n", None}
    assert [one.submission.problem for one in found.hand_ins if one.student.name == "mallory"] == [
        "linear.py is not an ordinary file; hand in the file itself"
    ]
    assert {(one.place, one.slug) for one in found.refused} == {
        ("mallory/matmul.py", "matmul"),
        ("mallory/more.zip", ""),
    }
    assert any("bob" in line and "link" in line for line in found.said)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_damage_to_an_archive_makes_anything_but_a_line(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kind = data.draw(st.sampled_from(["zip", "tar", "tgz"]))
    files = (("hw/matmul.py", GOOD), ("hw/näme.py", b"y = 2\n" * 50), ("hw/linear.py", b"z = 3\n"))
    raw = bytearray(zipped(*files) if kind == "zip" else tarred(*files, packed=kind == "tgz"))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw))) :]
    folder = tmp_path_factory.mktemp("damaged")
    pupils = [Pupil("Mallory", 1, {}, extra={f"h.{kind}": bytes(raw)}), Pupil("Alice", 2, {"cross_entropy": "fine"})]
    found = Found(folder, write_class(folder, Layout.FOLDERS, pupils, pack="zip"))
    assert "fine" in {one.submission.source for one in found.hand_ins}
    assert all("\n" not in line for line in found.said)
