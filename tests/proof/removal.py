"""Take each check of a suite away and see whether `grade check` notices: what the matrix of kills predicts, for real.

    python -m tests.proof.removal relu sgd

does it with exercises of this repository's course. It takes about ten seconds per check on two cores.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
import tempfile
from pathlib import Path

from grader.course import EXERCISES, METADATA, SOLUTIONS, Course, Exercise
from grader.proof.findings import ExerciseProof, Phase
from grader.proof.independent import depends, without_depends
from grader.proof.prove import prove
from grader.proof.score import mutants_of
from tests.course_files import ROOT

PHASES = (Phase.WRONG, Phase.CHECKS, Phase.MUTANTS)


def without(suite: str, check: str) -> str:
    """The text of a suite without one of its checks; no other check depends on anything."""
    suite = without_depends(suite)
    (node,) = [one for one in ast.parse(suite).body if isinstance(one, ast.FunctionDef) and one.name == check]
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = suite.splitlines(keepends=True)
    return "".join([*lines[: first - 1], *lines[node.end_lineno :]])


def course_of_removals(exercise: Exercise, checks: list[str], folder: Path) -> Course:
    """A course with a copy of `exercise` for each of `checks`, in which that check is missing."""
    for number, check in enumerate(checks):
        slug = f"{exercise.slug}_{number}"
        private = folder / SOLUTIONS / "01_all" / slug
        shutil.copytree(exercise.suite.parent, private, ignore=shutil.ignore_patterns("__pycache__"))
        (private / exercise.solution.name).rename(private / f"{slug}.py")
        (private / exercise.suite.name).unlink()
        (private / f"test_{slug}.py").write_text(without(exercise.suite.read_text("utf-8"), check), "utf-8")
        metadata = private / METADATA
        metadata.write_text(re.sub(r"(?ms)^prerequisites = \[.*?\]", "prerequisites = []", metadata.read_text("utf-8")))
        stub = folder / EXERCISES / "01_all" / f"{slug}.py"
        stub.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(exercise.stub, stub)
    return Course.load(folder)


def survivors(proof: ExerciseProof) -> set[str]:
    """What gets full marks by the findings of a proof: the names of wrong files, and the diffs of mutants."""
    wrong = {Path(one.file).name for one in proof.findings if one.phase is Phase.WRONG and "full marks" in one.text}
    mutants = {
        one.detail.partition("\n[[equivalent]]")[0].strip()
        for one in proof.findings
        if one.phase is Phase.MUTANTS and "full marks" in one.text
    }
    return wrong | mutants


def predicted(exercise: Exercise, proof: ExerciseProof) -> dict[str, set[str]]:
    """For each check what would get full marks without it, by the matrix in the proof of the whole exercise."""
    diffs = {f"mutant {mutant.id}": mutant.diff.strip() for mutant in mutants_of(exercise)}
    kills = next(phase.kills for phase in proof.phases if phase.phase is Phase.CHECKS)
    return {one.check: {diffs.get(key, key.removeprefix("wrong/")) for key in one.only_here} for one in kills}


def complains(exercise: Exercise, proof: ExerciseProof) -> dict[str, bool]:
    """For each check whether `grade check` would complain without it: of a survivor, or of a dependence on nothing."""
    needed = {name for names in depends(exercise.suite.read_text("utf-8")).values() for name in names}
    return {check: bool(found) or check in needed for check, found in predicted(exercise, proof).items()}


def removed(exercise: Exercise, checks: list[str], *, seed: int, engines: int | None = None) -> dict[str, set[str]]:
    """For each of `checks` what does get full marks without it."""
    with tempfile.TemporaryDirectory() as folder:
        course = course_of_removals(exercise, checks, Path(folder))
        assert not course.problems, course.problems
        proof = prove(course, course.slugs, phases=PHASES, seed=seed, engines=engines)
    assert all(len(one.phases) == len(PHASES) for one in proof.exercises), "a gate has findings"
    found = {one.slug: survivors(one) for one in proof.exercises}
    return {check: found[f"{exercise.slug}_{number}"] for number, check in enumerate(checks)}


def main() -> int:
    """Compare prediction and reality for the exercises on the command line."""
    ours, wrong = Course.load(ROOT), 0
    for slug in sys.argv[1:] or ours.slugs:
        exercise = ours.get(slug)
        assert exercise is not None, slug
        (proof,) = prove(ours, [slug], phases=PHASES, seed=1).exercises
        expected, complained = predicted(exercise, proof), complains(exercise, proof)
        real = removed(exercise, list(expected), seed=1)
        for check, found in real.items():
            same = found == expected[check]
            wrong += not same
            why = f"{len(found)} survive" if found else "others depend on it" if complained[check] else "nobody notices"
            print(f"{slug} without {check}: {why}{'' if same else f', predicted {len(expected[check])}'}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
