"""Make text that a student controls safe and bounded before anyone sees it.

A leaf module: every renderer (terminal, HTML, gradebook) passes names, messages and output through here, so
that a page or a terminal shows what is there and nothing else: no escape sequence that moves the cursor, no
direction override that turns a line round, no invisible letter, no tower of accents. Markup is not touched;
escaping it is the job of whoever knows the format.
"""

from __future__ import annotations

import re
import unicodedata

COMBINING_MAX = 4
"""How many combining marks in a row are kept. Four is more than any living script stacks on one letter."""

# Colours and cursor moves: gone as a whole, since "[31m" left behind would only puzzle. The other escape
# sequences may carry readable text, so of them only the control characters go.
_TERMINAL_SEQUENCE = re.compile(r"(?:\x1b\[|\x9b)[0-9:;<=>?]{0,32}[ -/]{0,4}[@-~]")

# What str.splitlines() would break at, besides \n. A lone \r is how a progress bar starts its line again.
_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")

# Letters by their Unicode category, but drawn as nothing at all: the Hangul and Khmer fillers.
_BLANK_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u3164\uffa0")

_PLAIN = re.compile(r"[\n\t\x20-\x7e]*")


def clean(text: str, max_chars: int) -> str:
    """Return `text` fit to be shown, at most `max_chars` characters long.

    Control characters other than newline and tab are removed (terminal sequences as a whole, other line
    breaks become a newline); direction controls, zero-width and other invisible characters are shown as
    escapes such as ``\\u202e``; lone surrogates become U+FFFD; of a run of combining marks the first
    `COMBINING_MAX` stay. A text that was cut ends with an ellipsis and, where there is room, with the number
    of characters left out.

    Raises ValueError if `max_chars` is less than 1.
    """
    if max_chars < 1:
        raise ValueError(f"max_chars is {max_chars}; it must be at least 1")
    # Looking at a bounded part only: a 50 MB string costs no more than a short one. Four times the room is
    # for what vanishes; a text with more to remove than that is merely cut early.
    looked_at = text[: 4 * max_chars + 64]
    unseen = len(text) - len(looked_at)
    shown = looked_at if _PLAIN.fullmatch(looked_at) else _visible(looked_at)
    if not unseen and len(shown) <= max_chars:
        return shown
    return _cut(shown, unseen, max_chars)


def clean_line(text: str, max_chars: int) -> str:
    """Return `text` cleaned as `clean` does and on one line: every run of white space is one space."""
    if max_chars < 1:
        raise ValueError(f"max_chars is {max_chars}; it must be at least 1")
    looked_at = text[: 4 * max_chars + 64]
    joined = " ".join(clean(looked_at, 16 * len(looked_at) + 1).split())
    unseen = len(text) - len(looked_at)
    if not unseen and len(joined) <= max_chars:
        return joined
    return _cut(joined, unseen, max_chars)


def _visible(text: str) -> str:
    text = _LINE_BREAK.sub("\n", _TERMINAL_SEQUENCE.sub("", text))
    pieces: list[str] = []
    marks = 0
    for char in text:
        if " " <= char <= "~" or char in "\n\t":
            marks = 0
            pieces.append(char)
            continue
        category = unicodedata.category(char)
        if category in ("Mn", "Me"):
            marks += 1
            if marks <= COMBINING_MAX:
                pieces.append(char)
            continue
        if category == "Cc":  # vanishes, so it must not split a tower of marks into two allowed ones
            continue
        marks = 0
        if category == "Cs":
            pieces.append("\N{REPLACEMENT CHARACTER}")
        elif category == "Cf" or char in _BLANK_LETTERS or ord(char) & 0xFFFE == 0xFFFE:
            # The last test is for U+FFFE, U+FFFF and their like on the other planes, which are no characters.
            code = ord(char)
            pieces.append(f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")
        else:
            pieces.append(char)
    return "".join(pieces)


def _cut(shown: str, unseen: int, max_chars: int) -> str:
    """Shorten `shown`, of a text of which `unseen` more characters were not looked at, to `max_chars`."""
    # The count's own length is that of the largest it can be, so that the note always fits.
    room = max_chars - len(_note(len(shown) + unseen))
    if room < max_chars // 2:
        return shown[: max_chars - 1] + "…"
    return shown[:room] + _note(len(shown) - room + unseen)


def _note(left_out: int) -> str:
    return f"… ({left_out:,} more characters)"
