"""Which exercise a file is for: by its name, and by nothing else."""

from __future__ import annotations

import re
from difflib import get_close_matches

import msgspec

from grader.course import Course
from grader.intake.caps import SIZES
from grader.intake.names import ARCHIVES, OTHER_ARCHIVES, fold, plain, stem, suffix
from grader.text import clean_line

# What Canvas (`-1`) and browsers (` (1)`) put behind the name of a file that is there already.
_AGAIN = re.compile(r"^(?P<rest>.*[^\s-])(?:-(?P<dash>[0-9]{1,6})| ?\((?P<round>[0-9]{1,6})\))$", re.DOTALL)
_PARTING = "_-. +"
# Python files that come with a repository and that nobody expects to be graded.
_ORDINARY = re.compile(r"(?:__init__|__main__|conftest|setup|main|utils|test_.*|.*_tests?|[a-z0-9]+_tests)$")
_TEXTS = (".txt", ".pdf", ".docx", ".doc", ".rtf", ".html", ".md", ".pyc", ".odt", "")


class Named(msgspec.Struct, frozen=True):
    """A file name taken apart: the stem without what was put behind it on a re-upload, and those numbers."""

    stem: str
    again: tuple[int, ...]
    suffix: str


def take_apart(name: str, *, dashes: bool = True) -> Named:
    """`matmul-1 (2).py` is `matmul`, (1, 2), `.py`.

    Without `dashes` it is `matmul-1`, (2,), `.py`: where a name ends with a person's, `group-1` and `group-2` are two.
    """
    rest = stem(plain(name))
    again: list[int] = []
    while (found := _AGAIN.match(rest)) and (dashes or found["round"]) and len(again) < 8:
        rest = found["rest"]
        again.append(int(found["dash"] or found["round"]))
    return Named(rest, tuple(reversed(again)), suffix(name))


class Matcher:
    """The slugs of a course, and what is said about names that are none of them."""

    def __init__(self, course: Course) -> None:
        self._slugs = {slug: slug for slug in (*course.slugs, *course.broken)}
        self.broken = course.broken

    def slug(self, named: Named) -> str:
        """The slug that a file is named after, in whatever case; empty if none."""
        return self._slugs.get(fold(named.stem), "")

    def of_one(self, named: Named) -> tuple[str, str]:
        """The student and the slug in a name such as `doe_matmul`, `matmul-doe`; the slug is empty if there is none.

        Of `entropy` and `cross_entropy` the longer counts. Raises ValueError when there is one on either side:
        `relu_linear` may be of both.
        """
        text, sides = named.stem, []
        behind = [slug for slug in self._slugs if self._parted(text[: -len(slug)], text[-len(slug) :], slug, -1)]
        before = [slug for slug in self._slugs if self._parted(text[len(slug) :], text[: len(slug)], slug, 0)]
        if behind:
            slug = max(behind, key=len)
            sides.append((text[: -len(slug)].strip(_PARTING), slug))
        if before:
            slug = max(before, key=len)
            sides.append((text[len(slug) :].strip(_PARTING), slug))
        if len(sides) > 1:
            raise ValueError
        return sides[0] if sides else ("", "")

    def _parted(self, student: str, text: str, slug: str, end: int) -> bool:
        return fold(text) == slug and student.strip(_PARTING) != "" and student[end] in _PARTING

    def missed(self, name: str, *, flat: bool = False) -> str:
        """Why a file is no hand-in, for a line; empty if nobody would take it for one."""
        named = take_apart(name)
        if named.suffix in SIZES:
            if named.suffix == ".py" and _ORDINARY.match(fold(named.stem)) and not self._close(named):
                return ""
            line = f"no exercise is called {clean_line(named.stem, 60)}"
            if flat:
                line = f"no student and exercise, such as doe_matmul, is in the name {clean_line(named.stem, 60)}"
            if named.suffix == ".ipynb":
                line += ", and no cell answers one"
            return line + self._hint(named)
        if named.suffix in OTHER_ARCHIVES:
            return f"a {named.suffix} archive is not read; ask for a zip, or for the files themselves"
        slug = self.slug(named)
        if not slug and named.suffix == ".txt":  # matmul.py.txt
            slug = self.slug(take_apart(named.stem))
        if slug and named.suffix in _TEXTS:
            return f"is not a Python file or a notebook; ask for {slug}.py"
        return ""

    def _close(self, named: Named) -> str:
        text = re.sub(r"[\W_]+", "_", fold(named.stem))
        for slug in sorted(self._slugs, key=len, reverse=True):
            if slug in text.split("_") or f"_{slug}_" in f"_{text}_":
                return slug
        return next(iter(get_close_matches(text[:100], self._slugs, n=1, cutoff=0.75)), "")

    def _hint(self, named: Named) -> str:
        close = self._close(named)
        return f"; did you mean {close}{named.suffix}?" if close else ""


def is_archive(name: str) -> bool:
    """Whether the name is that of an archive that is read."""
    return suffix(name) in ARCHIVES
