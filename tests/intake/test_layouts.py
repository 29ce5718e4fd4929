"""The same class, in every layout, is the same class."""

from __future__ import annotations

import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.classroom import Layout
from tests.intake.classes import ALL, Pupil, keeps_attempts, key_of, knows_the_empty, write_class
from tests.intake.reading import SLUGS, Found

PUPILS = [
    Pupil("Ana María Perelló", 7, {"matmul": "a = 1\n", "linear": "b = 2\n"}),
    Pupil("李 小龙", 8, {"matmul": "c = 3\n"}, earlier=({"matmul": "c = 1\n", "linear": "old = 1\n"},), late=True),
    Pupil("Jane Doe", 9, {"cross_entropy": "d = 4\n"}),
    Pupil("Jane Doe", 10, {"matmul": "other = 5\n"}),  # of the same name, and another person
    Pupil("O'Brien Zoë", 11, {"Linear.py": "e = 6\n"}),
    Pupil("Nobody Nothing", 12, {}),
]


def expected(layout: Layout, pupils: list[Pupil]) -> set[tuple[str, int, str, str]]:
    wanted = set()
    for pupil in pupils:
        counts: dict[str, int] = {}
        for files in pupil.attempts if keeps_attempts(layout) else (pupil.files,):
            for name, source in files.items():
                slug = name.partition(".")[0].lower()
                counts[slug] = counts.get(slug, 0) + 1
                assert isinstance(source, str)
                wanted.add((key_of(layout, pupil), counts[slug], slug, source))
    return wanted


@pytest.mark.parametrize("pack", ["", "zip", "tar.gz", "tar"])
@pytest.mark.parametrize("layout", ALL)
def test_a_class_is_read_and_its_layout_detected(layout: Layout, pack: str, tmp_path: Path) -> None:
    found = Found(tmp_path, write_class(tmp_path, layout, PUPILS, pack=pack))
    assert found.intake.layout is layout
    assert found.sources == expected(layout, PUPILS)
    assert found.said == []
    assert found.intake.problems == ()
    assert {one.student.key for one in found.empty} == (
        {key_of(layout, PUPILS[-1])} if knows_the_empty(layout) else set()
    )


@pytest.mark.parametrize("layout", ALL)
def test_naming_the_layout_gives_what_detecting_it_gives(layout: Layout, tmp_path: Path) -> None:
    place = write_class(tmp_path, layout, PUPILS, pack="zip")
    assert Found(tmp_path, place, layout).sources == Found(tmp_path, place).sources


@pytest.mark.parametrize("layout", ALL)
def test_a_second_reading_gives_the_same_items_in_the_same_order(layout: Layout, tmp_path: Path) -> None:
    place = write_class(tmp_path, layout, PUPILS, pack="zip")
    found = Found(tmp_path, place)
    again = Found(tmp_path, place)
    assert [one.submission.sha256 for one in found.hand_ins] == [one.submission.sha256 for one in again.hand_ins]
    assert list(found.intake.items()) == list(found.intake.items())


def normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


names = st.text(st.characters(categories=("L", "N", "Zs"), exclude_characters="\u3000"), min_size=1, max_size=20).map(
    lambda text: " ".join(text.split()) or "x"
)
files = st.dictionaries(
    st.sampled_from(SLUGS), st.text(st.characters(codec="ascii", categories=("Lu", "Ll")), max_size=9), max_size=3
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(names, files), min_size=3, max_size=6), st.sampled_from(["", "zip"]))
def test_any_class_is_the_same_in_each_layout(class_: list[tuple[str, dict[str, str]]], pack: str) -> None:
    pupils = [Pupil(name, number, dict(its)) for number, (name, its) in enumerate(class_, start=100)]
    pupils.append(Pupil("Somebody", 99, {"matmul": "x"}))
    seen = []
    for layout in ALL:
        with tempfile.TemporaryDirectory() as folder:
            found = Found(Path(folder), write_class(Path(folder), layout, pupils, pack=pack))
            assert found.intake.layout is layout
            numbers = {normal(key_of(layout, pupil)): pupil.number for pupil in pupils}
            seen.append(
                {(numbers[one.student.key], one.submission.slug, one.submission.source) for one in found.hand_ins}
            )
    wanted = {(pupil.number, slug, source) for pupil in pupils for slug, source in pupil.files.items()}
    assert all(one == wanted for one in seen)
