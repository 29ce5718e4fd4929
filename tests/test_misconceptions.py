"""A mistake is recognised however it is written, and nothing else is taken for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import Course
from grader.engine import Engine, Options
from tests.course_files import ROOT
from tests.misconceptions import PAGE, RIGHT, WRONG, Recognised, mistakes, page, recognised

pytestmark = pytest.mark.timeout(600)  # each file is graded twice, perhaps on a busy machine

COURSE = Course.load(ROOT)
# Answers of these are the same as those of another wrong file in every failing check, so neither is named.
ALIKE = {
    ("relu", "detached"),
    ("relu", "through_numpy"),
    ("cross_entropy", "log_of_softmax"),
    ("cross_entropy", "one_hot_times_log"),
    ("sgd", "copies_updated"),
    ("sgd", "list_entries_replaced"),
    ("sgd", "rebinds_a_name"),
    ("device", "buffers_left_behind"),
    ("device", "cuda_hard_coded"),
    ("device", "is_available_not_called"),
    ("device", "own_parameters_only"),
    ("device", "parameters_rebound"),
}
# Rewritten, these answer otherwise: one raises an exception that names a variable or a class of the file.
SHARE_REWRITTEN = 0.95


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(COURSE, COURSE.slugs, Options(seed=8)) as started:
        yield started


@pytest.fixture(scope="module")
def found(engine: Engine) -> list[Recognised]:
    return recognised(engine, WRONG)


def test_each_wrong_file_is_recognised_or_has_a_double(found: list[Recognised]) -> None:
    assert {(one.slug, one.name) for one in found if not one.as_it_is} == ALIKE
    for one in found:
        if one.as_it_is:
            (mistake,) = one.as_it_is
            assert mistake.name == one.name, one.slug
            assert len(mistake.text) > 20
            assert mistake.check.startswith("test_")


def test_a_mistake_in_other_words_is_still_that_mistake(found: list[Recognised]) -> None:
    single = [one for one in found if one.as_it_is]
    assert [one for one in found if one.in_other_words and one.in_other_words[0].name != one.name] == []
    others = [(one.slug, one.name) for one in single if not one.in_other_words]
    assert 1 - len(others) / len(single) >= SHARE_REWRITTEN, others


def test_the_page_on_misconceptions_has_these_numbers(found: list[Recognised]) -> None:
    # Another version of Python or torch may word an exception otherwise, and so tell two mistakes apart.
    written, now = PAGE.read_text("utf-8").splitlines(), page(found, len(RIGHT)).splitlines()
    differing = [pair for pair in zip(written, now, strict=True) if pair[0] != pair[1]]
    assert len(differing) <= 8, f"python -m tests.misconceptions writes it: {differing}"


@pytest.mark.parametrize(("slug", "path"), RIGHT, ids=[f"{slug}-{path.stem}" for slug, path in RIGHT])
def test_right_solutions_make_no_mistake(engine: Engine, slug: str, path: Path) -> None:
    assert mistakes(engine, slug, path.read_text()) == []


def test_something_else_that_is_wrong_is_not_given_a_name(engine: Engine) -> None:
    matmul = COURSE.get("matmul")
    assert matmul is not None
    source = matmul.solution.read_text()
    for change in (" * 1.37", " + 0.25", ".abs()", ".flip(0)"):
        changed = source.replace("grad @ Y.T", f"(grad @ Y.T){change}", 1)
        assert changed != source
        assert mistakes(engine, "matmul", changed) == []
