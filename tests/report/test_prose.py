"""Plain text is set in paragraphs, with code where it was marked."""

from __future__ import annotations

from grader.report.prose import Block, Span, blocks, spans


def test_backticks_mark_code() -> None:
    assert spans("`a.b` or `c`?") == (Span("a.b", code=True), Span(" or "), Span("c", code=True), Span("?"))


def test_a_lone_backtick_is_a_backtick() -> None:
    assert spans("it`s fine") == (Span("it`s fine"),)
    assert spans("``") == (Span("``"),)
    assert spans("`no\ncode`") == (Span("`no\ncode`"),)


def test_blank_lines_part_paragraphs() -> None:
    assert blocks("one\n\n  \n\ntwo\n", 100) == (Block((Span("one"),)), Block((Span("two"),)))


def test_line_breaks_stay_unless_they_are_to_be_reflowed() -> None:
    assert blocks("one\ntwo", 100) == (Block((Span("one\ntwo"),)),)
    assert blocks("one\n  two", 100, reflow=True) == (Block((Span("one two"),)),)


def test_indented_lines_stay_as_they_are() -> None:
    text = "Look:\n\n    for x in `y`:\n        pass\n\nDone."

    assert blocks(text, 100, reflow=True) == (
        Block((Span("Look:"),)),
        Block((Span("for x in `y`:\n    pass", code=True),), verbatim=True),
        Block((Span("Done."),)),
    )


def test_no_text_makes_no_block() -> None:
    assert blocks("", 100) == ()
    assert blocks(" \n\n \t\n", 100) == ()


def test_text_is_cleaned_and_cut() -> None:
    assert blocks("a\u202eb\x00", 100) == (Block((Span("a\\u202eb"),)),)
    assert sum(len(span.text) for block in blocks("x\n\n" * 1000, 100) for span in block.spans) <= 100
