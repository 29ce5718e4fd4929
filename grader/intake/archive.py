"""Open an archive, by its name: one that a student handed in, or the download itself."""

from __future__ import annotations

import io
from pathlib import Path

from grader.intake.caps import DOWNLOAD, STUDENT, IntakeError, RefusedError
from grader.intake.names import ABSOLUTE, ARCHIVES, shown, suffix
from grader.intake.tars import TarTree
from grader.intake.tree import first_fault
from grader.intake.zips import ZipTree

Archive = ZipTree | TarTree


def open_archive(raw: bytes, name: str) -> Archive:
    """An archive that a student handed in. Raises RefusedError when anything about it is hostile."""
    archive = ZipTree(raw, STUDENT) if suffix(name) == ".zip" else TarTree(io.BytesIO(raw), STUDENT)
    if fault := first_fault(archive.entries()):
        raise RefusedError(fault)
    return archive


def must_be_archive(path: Path) -> None:
    """Raises IntakeError for a name that is none of an archive."""
    if suffix(path.name) not in ARCHIVES:
        raise IntakeError(
            f"{shown((str(path),))} is neither a folder nor a .zip, .tar, .tar.gz or .tgz; name the folder or the "
            "archive that was downloaded"
        )


def open_download(path: Path, keep: Path) -> Archive:
    """The archive of a class; of a tar, the files that matter go to `keep`. Raises IntakeError."""
    must_be_archive(path)
    kind = suffix(path.name)
    try:
        if kind == ".zip":
            archive: Archive = ZipTree(path, DOWNLOAD)
        else:
            keep.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as file:
                archive = TarTree(file, DOWNLOAD, keep)
    except RefusedError as error:
        raise IntakeError(f"{shown((str(path),))} {error}") from None
    except OSError as error:
        raise IntakeError(f"{shown((str(path),))}: {error.strerror or error}") from None
    # What is wrong below a student's folder is that student's, and so is an odd name of a single file. What leads out
    # above all of them is the archive's.
    for entry in archive.entries():
        if entry.fault and (entry.parts[0] == ".." or (len(entry.parts) == 1 and entry.fault == ABSOLUTE)):
            archive.close()
            raise IntakeError(
                f"{shown((str(path),))} is not read, because a file in it {entry.fault}: {shown(entry.parts)}; "
                "download it again, or unpack it where that does no harm and name the folder"
            )
    return archive
