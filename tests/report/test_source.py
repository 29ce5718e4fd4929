"""Source excerpts: what is coloured, numbered and cut."""

from __future__ import annotations

import re

import pytest

from grader.model import Frame
from grader.report import html, source
from tests.report import samples


def text(lines: tuple[source.Line, ...]) -> list[str]:
    return ["".join(piece.text for piece in line.pieces) for line in lines]


def frame(*lines: str, line: int = 11, first_line: int = 10) -> Frame:
    return Frame(file="a.py", line=line, function="f", first_line=first_line, excerpt=lines)


def test_the_text_is_that_of_the_file_without_the_common_indentation() -> None:
    lines = source.excerpt(samples.MATMUL_FRAME)

    assert text(lines) == [line[4:] for line in samples.MATMUL_FRAME.excerpt]
    assert [line.number for line in lines] == [24, 25, 26, 27, 28]
    assert [line.number for line in lines if line.here] == [27]


def test_keywords_strings_and_comments_are_coloured_and_names_are_plain() -> None:
    lines = source.excerpt(frame("def f(x):  # why", "    return 'a' + x"))

    found = {piece.text.strip(): piece.css for line in lines for piece in line.pieces}
    assert found["def"] == "k"
    assert found["# why"] == "c1"
    assert found["'a'"] == "s1"
    assert found["x"] == ""


def test_a_string_over_several_lines_is_a_string_on_each_of_them() -> None:
    lines = source.excerpt(frame('x = """one', "two", 'three"""'))

    assert [line.pieces[-1].css for line in lines] == ["s2", "s2", "s2"]


@pytest.mark.parametrize(
    "lines",
    [
        ("",),
        ("", "", ""),
        ("x = 1", "", ""),
        ("\tx", "\t\ty"),
        ("'unfinished", "(((", "\\"),
        ("a\nb", "c\x0cd", "\u2028e"),
        ("\ud800", "\x00"),
    ],
)
def test_there_are_as_many_lines_as_in_the_excerpt(lines: tuple[str, ...]) -> None:
    assert len(source.excerpt(frame(*lines))) == len(lines)


def test_without_an_excerpt_there_are_no_lines() -> None:
    assert source.excerpt(frame()) == ()


def test_a_long_excerpt_is_cut_around_the_line() -> None:
    lines = source.excerpt(frame(*(f"x{n}" for n in range(1000)), line=510, first_line=10))

    assert len(lines) == source.MAX_LINES
    assert lines[source.MAX_LINES // 2].here
    assert text(lines)[source.MAX_LINES // 2] == "x500"


@pytest.mark.parametrize("line", [-5, 0, 9, 5000])
def test_a_line_outside_of_its_excerpt_is_no_reason_to_stop(line: int) -> None:
    lines = source.excerpt(frame(*("x",) * 50, line=line))

    assert len(lines) == source.MAX_LINES
    assert not any(one.here for one in lines)


def test_a_long_line_is_cut() -> None:
    assert len(text(source.excerpt(frame("x" * 10_000)))[0]) <= source.MAX_LINE_CHARS


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("background", ["code", "here"])
def test_every_colour_can_be_read_on_every_background_of_code(background: str, dark: bool) -> None:
    sheet = html.style_sheet()
    backgrounds = re.findall(rf"--{background}: (#\w{{6}});", sheet)
    colours = set(re.findall(r"color:(#\w{6})", source.css(dark=dark)))

    assert len(backgrounds) == 2
    assert len(colours) > 5
    assert {colour for colour in colours if contrast(colour, backgrounds[dark]) < 4.5} == set()


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours such as #0a0b0c (WCAG 2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
