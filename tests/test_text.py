"""Text of a student is shown as it is, and can do nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.text import COMBINING_MAX, clean, clean_line

ANYTHING = st.text(alphabet=st.characters(exclude_categories=()), max_size=300)


def test_plain_text_stays_as_it_is() -> None:
    text = "def f(x):\n\treturn x  # größer als 日本語 👍\n"

    assert clean(text, 1000) == text


def test_control_characters_are_removed_but_newline_and_tab() -> None:
    assert clean("a\x00b\x07c\x7fd\x80e\x9ff\tg\nh", 100) == "abcdef\tg\nh"


def test_a_terminal_colour_leaves_nothing_behind() -> None:
    assert clean("\x1b[1;31mred\x1b[0m and \x9b2Jcleared", 100) == "red and cleared"


def test_a_window_title_sequence_is_shown_as_text() -> None:
    assert clean("\x1b]0;owned\x07", 100) == "]0;owned"


@pytest.mark.parametrize("line_break", ["\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_every_line_break_is_a_newline(line_break: str) -> None:
    assert clean(f"a{line_break}b", 100) == "a\nb"


@pytest.mark.parametrize(
    ("char", "escape"),
    [
        ("\u202e", "\\u202e"),
        ("\u2066", "\\u2066"),
        ("\u061c", "\\u061c"),
        ("\u200b", "\\u200b"),
        ("\u200d", "\\u200d"),
        ("\ufeff", "\\ufeff"),
        ("\u00ad", "\\u00ad"),
        ("\u3164", "\\u3164"),
        ("\uffff", "\\uffff"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_turns_text_round_or_hides_is_shown_as_an_escape(char: str, escape: str) -> None:
    assert clean(f"a{char}b", 100) == f"a{escape}b"


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    assert clean("a\ud800b", 100) == "a\ufffdb"


def test_a_tower_of_accents_is_capped() -> None:
    assert clean("e" + "\u0301" * 500 + "x", 1000) == "e" + "\u0301" * COMBINING_MAX + "x"


def test_a_tower_of_accents_is_not_rebuilt_from_parts() -> None:
    assert clean("e" + ("\u0301" * COMBINING_MAX + "\x00") * 50, 1000) == "e" + "\u0301" * COMBINING_MAX


def test_a_cut_text_says_how_much_is_missing() -> None:
    cut = clean("x" * 1000, 100)

    kept = cut.count("x")
    assert len(cut) <= 100
    assert cut == "x" * kept + f"… ({1000 - kept:,} more characters)"


def test_a_text_cut_to_a_few_characters_ends_with_an_ellipsis() -> None:
    assert clean("abcdefgh", 4) == "abc…"


def test_a_text_that_just_fits_is_not_cut() -> None:
    assert clean("abcd", 4) == "abcd"
    assert clean_line("ab\ncd", 5) == "ab cd"


def test_a_huge_text_is_counted_without_being_read() -> None:
    cut = clean("\x00" + "y" * 20_000_000, 200)

    kept = cut.split("…", 1)[0]
    assert cut.endswith(f"… ({20_000_000 - len(kept):,} more characters)")


def test_a_line_is_one_line() -> None:
    assert clean_line("  a\n\n b\tc \u2028d ", 100) == "a b c d"
    assert len(clean_line("a\n" * 1000, 50)) <= 50


@pytest.mark.parametrize("function", [clean, clean_line])
def test_no_room_at_all_is_a_mistake_of_the_caller(function: object) -> None:
    assert callable(function)
    with pytest.raises(ValueError, match="at least 1"):
        function("a", 0)


@given(ANYTHING, st.integers(1, 80))
def test_whatever_comes_the_result_is_bounded_and_harmless(text: str, max_chars: int) -> None:
    for shown in (clean(text, max_chars), clean_line(text, max_chars)):
        assert len(shown) <= max_chars
        shown.encode()  # no surrogate is left
        assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t"]


@given(ANYTHING)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text, 10_000)

    assert clean(once, 10_000) == once
