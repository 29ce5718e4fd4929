"""Where a hand-out is put: a folder that is kept up to date, or a zip.

The manifest in it lists what was written, with digests. Only what it lists is ever replaced or removed, and only as
long as it is what was written: a file that somebody made or changed is theirs.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

import msgspec

from grader.files import write_atomically
from grader.handout.archive import pack
from grader.handout.errors import HandoutError
from grader.submission import shown

MANIFEST = ".grade-release.json"
_VERSION = 1
# What a new repository has before anything is in it.
_EMPTY = frozenset({".git"})


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each path: `kept` are files that belong to the hand-out no more but were changed by somebody."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def put_in_folder(folder: Path, files: Mapping[str, bytes], *, overwrite: bool = False) -> Changes:
    """Make `folder` hold `files`, by path with slashes, beside what others put there.

    Raises HandoutError, before anything is written, when the folder holds something but was not made here, or when a
    file is in the way that was not written here or was changed since; `overwrite` is for the latter. Raises OSError.
    """
    before = _manifest_in(folder)
    blocked, changed, added = [], [], []
    for path, data in sorted(files.items()):
        there = _read(folder, path)
        if there is None:
            added.append(path)
        elif there != data:
            mine = before.get(path) == _digest(there)
            if not mine and not (overwrite and path in before):
                blocked.append(path)
            changed.append(path)
    if blocked:
        what = "was changed since it was released" if blocked[0] in before else "was not written by grade"
        more = f" (and {len(blocked) - 1} more)" if len(blocked) > 1 else ""
        other = ", or name --overwrite" if all(path in before for path in blocked) else ""
        raise HandoutError(f"{shown(folder / blocked[0])} {what}{more}; move it away{other}. Nothing was written")
    old = [path for path in before if path not in files]
    there_now = {path: _digest(was) for path in old if (was := _read(folder, path)) is not None}
    removed = [path for path, digest in there_now.items() if digest == before[path]]
    kept = [path for path in there_now if path not in removed]
    folder.mkdir(exist_ok=True)
    # Lists the old and the new until all is done: if this ends in the middle, everything is still known to be ours.
    digests = {path: _digest(data) for path, data in files.items()}
    _write_manifest(folder, {**before, **{path: digests[path] for path in added}})
    for path in (*added, *changed):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / path, files[path])
    for path in removed:
        (folder / path).unlink()
        for parent in PurePosixPath(path).parents[:-1]:
            with suppress(OSError):  # not empty
                (folder / parent).rmdir()
    _write_manifest(folder, digests)
    return Changes(added=tuple(added), changed=tuple(changed), removed=tuple(removed), kept=tuple(kept))


def put_in_zip(path: Path, files: Mapping[str, bytes], *, overwrite: bool = False) -> None:
    """Write a zip of `files`. One that is there is replaced if it was made here, or with `overwrite`.

    Raises HandoutError when something else is in the way, and OSError.
    """
    if path.exists() and not overwrite and not _is_ours(path):
        raise HandoutError(f"{shown(path)} is there and was not made by grade; move it away")
    digests = {name: _digest(data) for name, data in files.items()}
    write_atomically(path, pack({**files, MANIFEST: _encoded(digests)}))


def _is_ours(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return MANIFEST in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def _manifest_in(folder: Path) -> dict[str, str]:
    """What an earlier release wrote into the folder. Raises HandoutError when others did."""
    if not folder.exists():
        if not folder.absolute().parent.is_dir():
            raise HandoutError(f"{shown(folder)}: there is no folder to make it in; create that first")
        return {}
    if not folder.is_dir():
        raise HandoutError(f"{shown(folder)} is a file; name a folder, or a file that ends in .zip")
    try:
        raw = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        if {entry.name for entry in folder.iterdir()} <= _EMPTY:
            return {}
        raise HandoutError(
            f"{shown(folder)} is not empty and was not made by grade; name a new or an empty folder"
        ) from None
    try:
        return dict(_decoded(raw))
    except (ValueError, AttributeError, TypeError):
        raise HandoutError(
            f"{shown(folder / MANIFEST)} can't be understood; name a new folder, or remove what is in this one"
        ) from None


def _decoded(raw: bytes) -> Iterator[tuple[str, str]]:
    value = json.loads(raw)
    if value["version"] != _VERSION:
        raise ValueError
    for path, digest in value["files"].items():
        parts = PurePosixPath(path).parts
        # It decides what is removed, and may have come from somewhere else.
        if not parts or "\\" in path or path != "/".join(parts) or parts[0] == "/" or {"..", "."} & set(parts):
            raise ValueError
        yield path, str(digest)


def _write_manifest(folder: Path, digests: Mapping[str, str]) -> None:
    write_atomically(folder / MANIFEST, _encoded(digests))


def _encoded(digests: Mapping[str, str]) -> bytes:
    return json.dumps({"version": _VERSION, "files": dict(sorted(digests.items()))}, indent=1).encode() + b"\n"


def _read(folder: Path, path: str) -> bytes | None:
    """The bytes of a file of the hand-out, or None where there is none. Raises HandoutError for a link or a folder."""
    place = folder
    for part in PurePosixPath(path).parts:
        place /= part
        if place.is_symlink():
            raise HandoutError(f"{shown(place)} is a link, which could lead anywhere; move it away")
    if place.is_dir():
        raise HandoutError(f"{shown(place)} is a folder where a file is to go; move it away")
    return place.read_bytes() if place.is_file() else None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
