"""Write a class of students to disk exactly as each learning management system names it, for tests of every part.

    folder = write_class(tmp_path, Layout.CANVAS, [Pupil("Ana Perelló", 7, {"matmul": source})])

What a layout cannot hold is left out as that system leaves it out: Moodle and GitHub Classroom give out the last
attempt only (`keeps_attempts`). `key_of` says under which key the intake must find a pupil.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.classroom import Layout

ALL = tuple(Layout)
TIME = "2026-03-{day:02d}T12:00:00+00:00"
ASSIGNMENT = "hw-1"


@dataclass(frozen=True)
class Pupil:
    """A student. `files` is what was handed in last, by slug (or by file name, if there is a dot in it).

    `earlier` are the attempts before it, oldest first. `extra` are files that come along, by path.
    """

    name: str
    number: int
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    earlier: tuple[Mapping[str, str | bytes], ...] = ()
    late: bool = False
    extra: Mapping[str, str | bytes] = field(default_factory=dict)

    @property
    def login(self) -> str:
        """A user name as GitHub and nbgrader have them: no two pupils share one."""
        letters = "".join(char for char in self.name.lower() if char.isascii() and char.isalnum())
        return f"{letters or 'student'}-{self.number}"

    @property
    def attempts(self) -> tuple[Mapping[str, str | bytes], ...]:
        """All attempts, oldest first."""
        return (*self.earlier, self.files)


def write_class(folder: Path, layout: Layout, pupils: Sequence[Pupil], *, pack: str = "") -> Path:
    """Write the class below `folder` and return what the instructor would name: a folder, or with `pack` an archive.

    `pack` is "zip" or "tar.gz". `folder` must exist and hold nothing of that name.
    """
    name, wrapper = _NAMES[layout]
    files = list(_WRITERS[layout](pupils))
    if pack == "zip":
        path = folder / f"{name}.zip"
        write_zip(path, [(wrapper + place, content) for place, content in files])
        return path
    if pack:
        path = folder / f"{name}.{pack}"
        write_tar(path, [(wrapper + place, content) for place, content in files])
        return path
    top = folder / name
    top.mkdir(parents=True)
    for place, content in files:
        path = top / place
        if place.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return top


def key_of(layout: Layout, pupil: Pupil) -> str:
    """The key of a pupil in a layout."""
    return {
        Layout.CANVAS: f"canvas:{pupil.number}",
        Layout.MOODLE: f"moodle:{pupil.number}",
        Layout.GRADESCOPE: f"gradescope:s{pupil.number}@example.edu",
        Layout.GITHUB: f"github:{pupil.login}",
        Layout.NBGRADER: f"nbgrader:{pupil.login}",
        Layout.FOLDERS: f"folder:{pupil.name} {pupil.number}",
        Layout.FLAT: f"folder:{pupil.login}",
    }[layout]


def keeps_attempts(layout: Layout) -> bool:
    """Whether a download of that layout holds earlier attempts."""
    return layout not in (Layout.MOODLE, Layout.GITHUB)


def knows_the_empty(layout: Layout) -> bool:
    """Whether a download of that layout says who handed in nothing."""
    return layout not in (Layout.CANVAS, Layout.FLAT)


def write_zip(path: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """A zip with these files; a name that ends in / is a folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def write_tar(path: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """A tar, packed by gzip if the name says so."""
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, content in files:
            info = tarfile.TarInfo(name.rstrip("/"))
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _file(name: str, again: int = 0) -> str:
    """The name of a file for a slug; `again` is what Canvas puts behind a re-upload."""
    stem, dot, suffix = name.partition(".") if "." in name else (name, ".", "py")
    return f"{stem}-{again}{dot}{suffix}" if again else f"{stem}{dot}{suffix}"


def _canvas(pupils: Sequence[Pupil]) -> Iterator[tuple[str, bytes]]:
    """`perellóana_LATE_7_7001_matmul-1.py`: the sortable name in small letters without anything but letters."""
    for pupil in pupils:
        first, _, last = pupil.name.rpartition(" ")
        who = "".join(char for char in f"{last}{first}".lower() if char.isalnum() or char == "_")
        number = pupil.number * 1000
        for again, files in enumerate(pupil.attempts):
            for name, content in (*files.items(), *(pupil.extra.items() if again == len(pupil.earlier) else ())):
                number += 1
                own = _file(name, again) if name in files else Path(name).name
                late = "_LATE" if pupil.late else ""
                yield f"{who}{late}_{pupil.number}_{number}_{own}", _bytes(content)


def _moodle(pupils: Sequence[Pupil]) -> Iterator[tuple[str, bytes]]:
    """`Ana Perelló_7_assignsubmission_file/matmul.py`."""
    for pupil in pupils:
        top = f"{pupil.name.replace('_', ' ')}_{pupil.number}_assignsubmission_file/"
        yield top, b""
        for name, content in pupil.files.items():
            yield top + _file(name), _bytes(content)
        for name, content in pupil.extra.items():
            yield top + name, _bytes(content)


def _gradescope(pupils: Sequence[Pupil]) -> Iterator[tuple[str, bytes]]:
    """`submission_7000/matmul.py` and the metadata, as Ruby writes them; attempts are folders of their own here."""
    lines = ["---"]
    for pupil in pupils:
        for again, files in enumerate(pupil.attempts):
            top = f"submission_{pupil.number * 1000 + again}"
            lines += [
                f"{top}:",
                "  :submitters:",
                f"  - :name: {_quoted(pupil.name)}",
                f"    :sid: '{pupil.number:05d}'",
                f"    :email: s{pupil.number}@example.edu",
                f"  :created_at: 2026-03-{again + 1:02d} 04:00:00.000000 -08:00",
                "  :score: 8.0",
                "  :status: processed",
                "  :results:",
                "    tests:",
                "    - name: 1.1) works",
                '      output: "A line\\nsubmission_99:\\n  :submitters: forged"',
                "      score: 8.0",
                "  :history: []",
            ]
            yield f"{top}/", b""
            for name, content in files.items():
                yield f"{top}/{_file(name)}", _bytes(content)
            for name, content in pupil.extra.items() if again == len(pupil.earlier) else ():
                yield f"{top}/{name}", _bytes(content)
    yield "submission_metadata.yml", ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _github(pupils: Sequence[Pupil]) -> Iterator[tuple[str, bytes]]:
    """`hw-1-ana-7/`: a clone."""
    for pupil in pupils:
        top = f"{ASSIGNMENT}-{pupil.login}/"
        yield f"{top}.git/HEAD", b"ref: refs/heads/main\n"
        yield f"{top}.git/hooks/matmul.py", b"this is not read\n"
        yield f"{top}.github/workflows/classroom.yml", b"name: Autograding Tests\n"
        yield f"{top}README.md", b"# Homework\n"
        for name, content in pupil.files.items():
            yield f"{top}exercises/{_file(name)}", _bytes(content)
        for name, content in pupil.extra.items():
            yield top + name, _bytes(content)


def _nbgrader(pupils: Sequence[Pupil]) -> Iterator[tuple[str, bytes]]:
    """`submitted/ana-7/hw-1/matmul.py`; each attempt is an assignment of its own here: the last is all it keeps."""
    for pupil in pupils:
        yield f"submitted/{pupil.login}/", b""
        for again, files in enumerate(pupil.attempts):
            top = f"submitted/{pupil.login}/{ASSIGNMENT}{'' if again == len(pupil.earlier) else f'-old{again}'}/"
            yield f"{top}timestamp.txt", f"2026-03-{again + 1:02d} 12:00:00.000000 UTC".encode()
            for name, content in files.items():
                yield top + _file(name), _bytes(content)
            for name, content in pupil.extra.items() if again == len(pupil.earlier) else ():
                yield top + name, _bytes(content)


def _folders(pupils: Sequence[Pupil]) -> Iterator[tuple[str, bytes]]:
    """`Ana Perelló 7/matmul.py`, with more than one attempt `Ana Perelló 7/attempt2/matmul.py`."""
    for pupil in pupils:
        top = f"{pupil.name} {pupil.number}/"
        yield top, b""
        for again, files in enumerate(pupil.attempts):
            inner = f"attempt{again + 1}/" if pupil.earlier else ""
            for name, content in files.items():
                yield top + inner + _file(name), _bytes(content)
            for name, content in pupil.extra.items() if again == len(pupil.earlier) else ():
                yield top + inner + name, _bytes(content)


def _flat(pupils: Sequence[Pupil]) -> Iterator[tuple[str, bytes]]:
    """`ana-7_matmul.py`, `ana-7_matmul-1.py`."""
    for pupil in pupils:
        for again, files in enumerate(pupil.attempts):
            for name, content in files.items():
                yield f"{pupil.login}_{_file(name, again)}", _bytes(content)


_WRITERS = {
    Layout.CANVAS: _canvas,
    Layout.MOODLE: _moodle,
    Layout.GRADESCOPE: _gradescope,
    Layout.GITHUB: _github,
    Layout.NBGRADER: _nbgrader,
    Layout.FOLDERS: _folders,
    Layout.FLAT: _flat,
}
# The name of the folder or archive, and the folder that everything in an archive is in.
_NAMES = {
    Layout.CANVAS: ("pytorch-hw-1_submissions", ""),
    Layout.MOODLE: ("PyTorch-HW 1-4711", ""),
    Layout.GRADESCOPE: ("assignment_9100_export", "assignment_9100_export/"),
    Layout.GITHUB: (f"{ASSIGNMENT}-submissions", f"{ASSIGNMENT}-submissions/"),
    Layout.NBGRADER: ("course", "course/"),
    Layout.FOLDERS: ("class", "class/"),
    Layout.FLAT: ("files", "files/"),
}
