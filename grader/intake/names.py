"""Names that others chose: of files, folders and people. They decide what is read, and never where it is written."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from grader.intake.caps import PATH_CHARS_MAX, PATH_PARTS_MAX
from grader.text import clean_line

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
OTHER_ARCHIVES = (".rar", ".7z", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz", ".gz", ".xz", ".bz2", ".zst", ".dmg")
# Folders in which nobody keeps a submission; hidden ones come on top.
_SKIPPED = frozenset({"__MACOSX", "__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist"})
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_KEY_MAX = 100
ABSOLUTE = "has an absolute path"
"""What is wrong with a path that begins at the root of a file system or on a drive."""


def plain(text: str) -> str:
    """The text without what no encoding can write: a file name need not be UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not text.isascii() else text


def shown(parts: Sequence[str]) -> str:
    """A path as a line for a person."""
    return clean_line(plain("/".join(parts)), 200)


def key(kind: str, text: str) -> str:
    """A student's key: `kind:text`, the same for every spelling of the same letters, on one line and bounded."""
    normal = unicodedata.normalize("NFC", plain(text)).strip()
    clean = clean_line(normal, _KEY_MAX)
    if clean != normal:
        clean = f"{clean[: _KEY_MAX - 13]}~{hashlib.sha256(normal.encode()).hexdigest()[:12]}"
    return f"{kind}:{clean}"


def common(several: Sequence[Sequence[str]]) -> int:
    """How long the beginning is that all have in common; 0 for none."""
    if not several:
        return 0
    # All others sort between these two.
    first, last = min(several, key=tuple), max(several, key=tuple)
    return next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))


def fold(name: str) -> str:
    """What two names have in common that a case-insensitive file system holds to be one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).rstrip(". ")


def is_skipped(name: str) -> bool:
    """Whether a file or folder of that name is nobody's work: hidden, a cache, a virtual environment."""
    return name.startswith((".", "~$")) or name in _SKIPPED


def is_of_programs(name: str) -> bool:
    """Whether a folder is skipped by a name that a person may have too: `dist`, `env`, `build`."""
    return name in _SKIPPED and not name.startswith("_")


def suffix(name: str) -> str:
    """The suffix in small letters, with the archives' double ones; empty without any."""
    lower = name.rstrip(". ").lower()
    for known in (*ARCHIVES, *OTHER_ARCHIVES):
        if lower.endswith(known):
            return known
    dot = lower.rfind(".")
    return lower[dot:] if dot > 0 else ""


def stem(name: str) -> str:
    """The name without that suffix."""
    name = name.rstrip(". ")
    return name[: len(name) - len(suffix(name))]


def is_device(name: str) -> bool:
    """Whether Windows takes the name for a device, whatever its suffix."""
    return _DEVICE.fullmatch(name.rstrip(". ")) is not None


def split(name: str) -> tuple[tuple[str, ...], str]:
    """The parts of a path in an archive, and what is wrong with it; empty if nothing is.

    Both slashes part: archives made on Windows have the other one. `..` stays a part, so that what is below a
    student's folder is known to be that student's.
    """
    wrong = ""
    straight = name.replace("\\", "/")
    if straight.startswith("/") or re.match(r"[A-Za-z]:", straight):
        wrong = ABSOLUTE
    parts = tuple(part for part in straight[:PATH_CHARS_MAX].split("/") if part not in ("", "."))
    if ".." in parts:
        wrong = "points outside of the archive"
    elif _CONTROL.search(straight[:PATH_CHARS_MAX]):
        wrong = "has a control character in its name"
    elif len(name) > PATH_CHARS_MAX:
        wrong = "has too long a name"
    elif len(parts) > PATH_PARTS_MAX:
        wrong = "is in too deep a folder"
    return parts[: PATH_PARTS_MAX + 1], wrong
