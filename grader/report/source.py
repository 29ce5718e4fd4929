"""Source excerpts of a submission, coloured by Pygments and cut into lines.

Only the Python lexer and two styles are imported: looking one up by name would load Pygments' whole index.
Colours are CSS classes, so that one page serves light and dark.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from pygments.lexers.python import PythonLexer  # type: ignore[import-untyped]
from pygments.style import Style  # type: ignore[import-untyped]
from pygments.styles.default import DefaultStyle  # type: ignore[import-untyped]
from pygments.styles.gh_dark import GhDarkStyle  # type: ignore[import-untyped]
from pygments.token import STANDARD_TYPES, Token, _TokenType  # type: ignore[import-untyped]

from grader.model import Frame
from grader.text import clean

MAX_LINES = 21
MAX_LINE_CHARS = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one colour; `css` is the Pygments class, empty for plain text."""

    text: str
    css: str


@dataclass(frozen=True, slots=True)
class Line:
    """A numbered source line; `here` marks the one that a frame points at."""

    number: int
    pieces: tuple[Piece, ...]
    here: bool


def excerpt(frame: Frame) -> tuple[Line, ...]:
    """Return the lines of `frame`'s excerpt without their common indentation, at most `MAX_LINES`.

    Those nearest to the frame's line are kept.
    """
    at = frame.line - frame.first_line
    start = max(0, min(at - MAX_LINES // 2, len(frame.excerpt) - MAX_LINES))
    lines = [
        clean(line, MAX_LINE_CHARS).replace("\n", " ").expandtabs(4).rstrip()
        for line in frame.excerpt[start : start + MAX_LINES]
    ]
    filled = [line for line in lines if line]
    indent = min((sum(1 for _ in takewhile(" ".__eq__, line)) for line in filled), default=0)
    numbers = range(frame.first_line + start, frame.first_line + start + len(lines))
    return tuple(
        Line(number, pieces, number == frame.line)
        for number, pieces in zip(numbers, _highlight([line[indent:] for line in lines]), strict=True)
    )


def listing(text: str, max_lines: int) -> tuple[tuple[Piece, ...], ...]:
    """Return the first `max_lines` lines of a whole source, coloured, each cut at `MAX_LINE_CHARS`."""
    lines = [
        clean(line, MAX_LINE_CHARS).replace("\n", " ").expandtabs(4).rstrip() if line.strip() else ""
        for line in text.split("\n", max_lines)[:max_lines]
    ]
    return tuple(_highlight(lines))


def _highlight(lines: list[str]) -> list[tuple[Piece, ...]]:
    """Colour `lines` as one piece of Python, since a string may go over several of them."""
    done: list[tuple[Piece, ...]] = []
    current: list[Piece] = []
    for token, text in _lexer().get_tokens("\n".join(lines)):
        css = _css_class(token)
        for index, part in enumerate(text.split("\n")):
            if index:
                done.append(tuple(current))
                current = []
            if part and current and current[-1].css == css:
                current[-1] = Piece(current[-1].text + part, css)
            elif part:
                current.append(Piece(part, css))
    done.append(tuple(current))
    # The lexer ends the text with a line break of its own.
    return (done + [()] * len(lines))[: len(lines)]


@cache
def _lexer() -> PythonLexer:
    return PythonLexer(stripnl=False)


@cache
def _css_class(token: _TokenType) -> str:
    """The class of the nearest ancestor of `token` that has a colour; empty if there is none."""
    known: _TokenType | None = token
    while known is not None and known is not Token:
        if known in STANDARD_TYPES and known in _coloured():
            return str(STANDARD_TYPES[known])
        known = known.parent
    return ""


@cache
def _coloured() -> frozenset[_TokenType]:
    # A token must have the same class in both styles, though only one of them may give it a colour.
    found = {token for style in (DefaultStyle, GhDarkStyle) for token in STANDARD_TYPES if _rule(style, token)}
    return frozenset(found - {Token.Text.Whitespace, Token.Error})


@cache
def css(*, dark: bool) -> str:
    """Return the CSS rules of the light or the dark style, one line each, below the class `code`."""
    style = GhDarkStyle if dark else DefaultStyle
    return "\n".join(
        f".code .{STANDARD_TYPES[token]}{{{_rule(style, token)}}}"
        for token in STANDARD_TYPES
        if token in _coloured() and _rule(style, token)
    )


def _rule(style: type[Style], token: _TokenType) -> str:
    look = style.style_for_token(token)
    parts = []
    # What has the colour of plain text needs no rule, and most of a source is that.
    if look["color"] and look["color"] != style.style_for_token(Token)["color"]:
        parts.append(f"color:#{look['color']}")
    if look["bold"]:
        parts.append("font-weight:600")
    if look["italic"]:
        parts.append("font-style:italic")
    return ";".join(parts)
