"""This repository's own course has nothing that `grade check` finds, and no check that it could do without.

Where the environment variable GRADER_PROOF names what `grade check --json` has just written, that is looked at.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from grader.proof.findings import ExerciseProof, Phase, Proof, State
from grader.proof.margins import DISTANCE, ROOM
from grader.proof.prove import prove
from tests.course_files import course
from tests.proof.removal import complains

pytestmark = pytest.mark.timeout(900)  # the first one proves it all, perhaps on a busy machine

COURSE = course()


@pytest.fixture(scope="module")
def proof() -> Proof:
    written = os.environ.get("GRADER_PROOF")
    if written:
        return msgspec.json.decode(Path(written).read_bytes(), type=Proof)
    return prove(COURSE, COURSE.slugs)


def of(proof: Proof, slug: str) -> ExerciseProof:
    return next(one for one in proof.exercises if one.slug == slug)


@pytest.mark.parametrize("slug", COURSE.slugs)
def test_an_exercise_has_no_findings(slug: str, proof: Proof) -> None:
    exercise = of(proof, slug)
    assert exercise.findings == ()
    assert [(one.phase, one.state) for one in exercise.phases] == [(phase, State.CLEAN) for phase in Phase]
    assert [note.text for phase in exercise.phases for note in phase.notes] == []


@pytest.mark.parametrize("slug", COURSE.slugs)
def test_without_any_of_its_checks_an_exercise_would_have_findings(slug: str, proof: Proof) -> None:
    # That this is what would happen is tested with a small course, and tests.proof.removal does it with any.
    exercise = COURSE.get(slug)
    assert exercise is not None
    complained = complains(exercise, of(proof, slug))
    assert len(complained) > 5
    assert all(complained.values()), complained


@pytest.mark.parametrize("slug", [slug for slug in COURSE.slugs if slug != "device"])  # it compares exactly
def test_tolerances_are_far_from_right_answers_and_from_mistakes(slug: str, proof: Proof) -> None:
    margins = [margin for phase in of(proof, slug).phases for margin in phase.margins]
    assert margins
    for one in margins:
        assert max(one.reference or 0.0, one.right or 0.0) < ROOM / 2, one
        assert one.mistake is None or one.mistake > 2 * DISTANCE, one
