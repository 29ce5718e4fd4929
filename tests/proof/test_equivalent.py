"""What the author declares, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import Exercise
from grader.proof.equivalent import FILE, MAX_BYTES, EquivalentError, declaration, declared, read
from grader.proof.mutants import mutants
from grader.proof.score import mutants_of
from tests.course_files import course

SOURCE = "def f(X):\n    return -X\n\n\ndef g(X):\n    return -X\n"
DROP = "-    return -X\n+    return X"


def written(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, "utf-8")
    return folder


def entry(change: str, scope: str = "") -> str:
    where = f'in = "{scope}"\n' if scope else ""
    return f"[[equivalent]]\nreason = \"it is\"\n{where}changes = ['''\n{change}\n''']\n"


def test_an_exercise_without_the_file_declares_nothing(tmp_path: Path) -> None:
    assert read(tmp_path) == ()


def test_a_change_is_found_in_every_function_or_in_the_one_that_is_named(tmp_path: Path) -> None:
    found = mutants(SOURCE)
    everywhere = declared(read(written(tmp_path, entry(DROP))), found)
    assert [m.scope for m in found if m.id in everywhere.reasons] == ["f", "g"]
    in_one = declared(read(written(tmp_path, entry(DROP, "g"))), found)
    assert [m.scope for m in found if m.id in in_one.reasons] == ["g"]
    assert set(in_one.reasons.values()) == {"it is"}


def test_a_change_that_no_mutant_makes_is_stale(tmp_path: Path) -> None:
    text = entry(DROP, "h") + entry("-    gone\n+    gone = 1") + entry("no diff at all")
    result = declared(read(written(tmp_path, text)), mutants(SOURCE))
    assert result.reasons == {}
    assert result.stale == (DROP, "-    gone\n+    gone = 1", "no diff at all")


def test_a_change_that_is_declared_again_is_named(tmp_path: Path) -> None:
    result = declared(read(written(tmp_path, entry(DROP) + entry(DROP, "f"))), mutants(SOURCE))
    assert result.twice == (DROP,)


def test_what_is_offered_for_the_file_is_what_it_takes(tmp_path: Path) -> None:
    found = mutants(SOURCE)
    text = "".join(declaration(mutant, 'a "reason"') for mutant in found)
    result = declared(read(written(tmp_path, text)), found)
    assert result.stale == result.twice == ()
    assert result.reasons == {mutant.id: 'a "reason"' for mutant in found}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("equivalent = 3", "Expected `array`"),
        ("[[equivalent]]\nchanges = ['x']", "missing required field `reason`"),
        ("[[equivalent]]\nreason = ''\nchanges = ['x']", "length >= 1"),
        ("[[equivalent]]\nreason = 'x'\nchanges = []", "length >= 1"),
        ("[[equivalent]]\nreason = 'x'\nchanges = ['x']\nwhere = 'x'", "unknown field `where`"),
        ("[[equivalent", "not TOML"),
        ("#" * (MAX_BYTES + 1), "more than 256 KiB"),
    ],
)
def test_a_file_that_cannot_be_used_says_so_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(EquivalentError, match=line) as caught:
        read(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_file_of_other_bytes_says_so(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff")
    with pytest.raises(EquivalentError, match="not UTF-8"):
        read(tmp_path)


@pytest.mark.parametrize("exercise", course().exercises, ids=lambda exercise: exercise.slug)
def test_what_this_course_declares_is_there_once(exercise: Exercise) -> None:
    result = declared(read(exercise.suite.parent), mutants_of(exercise))
    assert result.stale == result.twice == ()
    assert all(len(reason) > 20 for reason in result.reasons.values())
