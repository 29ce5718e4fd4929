"""A thousand submissions, hostile and honest ones at random: the honest ones get what they get alone."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from grader.course import Course
from grader.engine import Engine, Options
from tests import processes
from tests.attacks.test_attacks import AT_REST, ATTACKS, ROOT, TIMEOUT_S, encoded, grade, grade_reference

SUBMISSIONS = 1000
# Attacks that take until a deadline are drawn less often, or this would only be waiting.
SLOW = [a for a in ATTACKS if "timed_out" in (a.confined or a.expect)]
QUICK = [a for a in ATTACKS if a not in SLOW]
SLOW_SHARE, HONEST_SHARE = 0.02, 0.5
# What may come to be resident in the second half: fragments of the heap, and the answers of wrong solutions, which are
# kept for the run (each once). Not one result.
GROWTH_MIB = 48


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("TMPDIR", str(folder))
    course = Course.load(ROOT)
    with Engine(course, course.slugs, Options(seed=20, timeout_s=TIMEOUT_S)) as started:
        list(started.grade([]))
        yield started


def private_mib(process: psutil.Process) -> float:
    return float(process.memory_full_info().uss) / (1 << 20)


def settled_mib(engine: Engine, course: Course, folder: Path) -> list[float]:
    """The private memory of judge and zygote, once the last attack has been collected."""
    samples = []
    for slug in course.slugs:
        grade_reference(engine, course, slug)
        samples.append([private_mib(process) for process in long_lived(folder)])
    return [min(one) for one in zip(*samples, strict=True)]


def is_judge(process: psutil.Process) -> bool:
    try:
        return "grader.judge" in process.cmdline()
    except psutil.NoSuchProcess:  # a worker that has just ended
        return False


def long_lived(folder: Path) -> list[psutil.Process]:
    """The judge and its zygote."""
    (judge,) = [process for process in processes.of_run(folder) if is_judge(process)]
    (bubblewrap,) = [p for p in judge.children() if p.name() == "bwrap"]
    (first,) = bubblewrap.children()
    return [judge, *first.children()]


@pytest.mark.timeout(900)
def test_a_thousand_mixed_submissions_leave_the_honest_ones_as_they_are_alone(engine: Engine, folder: Path) -> None:
    course = Course.load(ROOT)
    alone = {slug: encoded(grade_reference(engine, course, slug)) for slug in course.slugs}
    mounts = Path("/proc/self/mountinfo").read_text()
    chance = random.Random(2026)  # noqa: S311
    met: Counter[str] = Counter()
    before: list[float] = []
    for number in range(SUBMISSIONS):
        if number == SUBMISSIONS // 2:
            before = settled_mib(engine, course, folder)
        if chance.random() < HONEST_SHARE:
            slug = chance.choice(course.slugs)
            assert encoded(grade_reference(engine, course, slug)) == alone[slug], f"{slug}, after {number}: {met}"
            met["honest"] += 1
        else:
            attack = chance.choice(SLOW if chance.random() < SLOW_SHARE else QUICK)
            result = grade(engine, attack.exercise, attack.source)
            assert result.score <= sum(c.max_score for c in result.checks if c.id in attack.keeps), attack.name
            met[attack.name] += 1
    after = settled_mib(engine, course, folder)
    assert met["honest"] > 400
    assert len(met) > 60
    assert len(before) == len(after) == 2
    assert all(now - then < GROWTH_MIB for then, now in zip(before, after, strict=True)), (before, after)
    assert Path("/proc/self/mountinfo").read_text() == mounts
    left = processes.left_after(folder, allowed=AT_REST)
    assert not left, f"still there: {left}"
    files = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]  # noqa: PTH118
    assert files == []
    engine.close()
    assert list(folder.iterdir()) == []
    assert not processes.left_after(folder)
