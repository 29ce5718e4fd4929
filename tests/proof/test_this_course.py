"""This repository's own course has nothing that `grade check` finds, as far as that takes no mutants."""

from __future__ import annotations

import pytest

from grader.proof.findings import Phase, State
from grader.proof.prove import prove
from tests.course_files import course


@pytest.mark.timeout(300)  # on a busy machine
def test_the_course_has_no_findings_without_mutants() -> None:
    ours = course()
    proof = prove(ours, ours.slugs, mutate=False)
    assert proof.all_findings == ()
    skipped = {phase.phase for one in proof.exercises for phase in one.phases if phase.state is State.NOT_RUN}
    assert skipped == {Phase.CHECKS, Phase.MUTANTS}
