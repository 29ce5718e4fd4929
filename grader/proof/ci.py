"""Findings for machines: JUnit XML, and the annotations of GitHub Actions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from grader.junit import Case, Suite, document
from grader.proof.findings import QUESTIONS, Finding, Proof, State


def junit(proof: Proof) -> bytes:
    """A JUnit file: a testsuite for each exercise, in it a testcase for each phase; findings are its failure."""
    return document("grade check", tuple(_suites(proof)), time_s=proof.duration_s)


def _suites(proof: Proof) -> Iterator[Suite]:
    if proof.findings:
        yield Suite(name="course", cases=(_failed(Case(group="course", name="structure"), proof.findings),))
    for exercise in proof.exercises:
        cases = []
        for phase in exercise.phases:
            case = Case(group=exercise.slug, name=f"{phase.phase}: {QUESTIONS[phase.phase]}")
            if phase.state is State.NOT_RUN:
                case = replace(case, state="skipped", message=phase.about)
            elif phase.findings:
                case = _failed(case, phase.findings)
            cases.append(case)
        yield Suite(name=exercise.slug, cases=tuple(cases))


def _failed(case: Case, findings: tuple[Finding, ...]) -> Case:
    details = "\n\n".join("\n".join(filter(None, (line_of(one), one.detail))) for one in findings)
    return replace(case, state="failure", type="finding", message=findings[0].text, details=details)


def line_of(finding: Finding) -> str:
    """A finding on one line: the place as compilers write it, and the text."""
    place = finding.file + (f":{finding.line}" if finding.line else "")
    return f"{place}: {finding.text}" if place else finding.text


def github(proof: Proof, root: Path, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """The lines that GitHub Actions shows beside the code; none elsewhere. `root` is the folder of the course."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    home = Path(environment.get("GITHUB_WORKSPACE") or root).resolve()
    prefix = root.resolve().relative_to(home) if root.resolve().is_relative_to(home) else Path()
    notes = [note for exercise in proof.exercises for phase in exercise.phases for note in phase.notes]
    for finding in (*proof.all_findings, *notes):
        fields = {"title": f"grade check: {finding.exercise} {finding.phase}".replace("  ", " ")}
        if finding.file:
            fields = {"file": (prefix / finding.file).as_posix(), "line": str(finding.line or 1), **fields}
        listed = ",".join(f"{key}={_escaped(value, ',:')}" for key, value in fields.items())
        body = "\n".join(filter(None, (finding.text, finding.detail)))
        yield f"::{'notice' if finding.note else 'error'} {listed}::{_escaped(body)}"


def _escaped(text: str, more: str = "") -> str:
    for letter in "%\r\n" + more:
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text
