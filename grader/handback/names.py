"""Names of files made from names of people: short, plain ASCII, and never the same for two students."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from grader.classroom import Student

SLUG_CHARS = 40
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)$")


def file_stem(student: Student) -> str:
    """`doe-jane-3f2a9c1d0b8e7f60`: the name as far as ASCII holds it, and a hash of the key, which alone is unique."""
    return f"{slug(student.name)}-{tag(student.key)}"


def tag(key: str) -> str:
    """Sixteen hexadecimal digits that stand for the key of a student.

    Where students choose their names, fewer could be made the same as another's by trying.
    """
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def slug(name: str) -> str:
    """`name` in lower-case letters, digits and dashes, at most 40 of them; `student` where nothing is left."""
    ascii_only = unicodedata.normalize("NFKD", name[:400]).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")[:SLUG_CHARS].strip("-")
    return f"{plain}-" if _RESERVED.match(plain) else plain or "student"
