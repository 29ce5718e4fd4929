"""Plain text of an author or a student as blocks and pieces that a template can set.

Only two things are read into it: `code` between backticks, and lines indented by four spaces or more, which
stay as they are. Everything else is text.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

from grader.text import clean

_CODE = re.compile(r"`([^`\n]{1,200})`")
_BLANK = re.compile(r"\n(?:[ \t]*\n)+")


@dataclass(frozen=True, slots=True)
class Span:
    """Some text of a paragraph, in the type of prose or of code."""

    text: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or lines to be shown exactly as they are (`verbatim`)."""

    spans: tuple[Span, ...]
    verbatim: bool = False


def spans(text: str) -> tuple[Span, ...]:
    """Split clean `text` at its `code`."""
    # Odd parts are what the group matched.
    return tuple(Span(part, bool(index % 2)) for index, part in enumerate(_CODE.split(text)) if part)


def blocks(text: str, max_chars: int, *, reflow: bool = False) -> tuple[Block, ...]:
    """Clean `text`, at most `max_chars` of it, and split it into blocks at its blank lines.

    With `reflow`, the line breaks within a paragraph become spaces: for docstrings, whose lines were broken
    for an editor.
    """
    found = []
    for part in _BLANK.split(clean(text, max_chars).expandtabs(4).strip("\n")):
        if not part.strip():
            continue
        if all(line.startswith("    ") for line in part.split("\n")):
            found.append(Block((Span(textwrap.dedent(part).rstrip(), code=True),), verbatim=True))
        else:
            found.append(Block(spans(" ".join(part.split()) if reflow else part.strip())))
    return tuple(found)
