"""Findings for machines: JUnit XML, and the annotations of GitHub Actions."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from grader.proof.findings import QUESTIONS, Finding, Proof, State

# What XML 1.0 can't hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(proof: Proof) -> bytes:
    """A JUnit file: a testsuite for each exercise, in it a testcase for each phase; findings are its failure."""
    root = ElementTree.Element("testsuites", name="grade check", time=f"{proof.duration_s:.3f}")
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    if proof.findings:
        suite = ElementTree.SubElement(
            root, "testsuite", name="course", tests="1", failures="1", errors="0", skipped="0"
        )
        case = ElementTree.SubElement(suite, "testcase", classname="course", name="structure", time="0")
        _failure(case, proof.findings)
        totals["tests"] += 1
        totals["failures"] += 1
    for exercise in proof.exercises:
        states = [phase.state for phase in exercise.phases]
        counts = {
            "tests": len(states),
            "failures": states.count(State.FINDINGS),
            "errors": 0,
            "skipped": states.count(State.NOT_RUN),
        }
        for name, number in counts.items():
            totals[name] += number
        suite = ElementTree.SubElement(root, "testsuite", name=_plain(exercise.slug))
        for name, number in counts.items():
            suite.set(name, str(number))
        for phase in exercise.phases:
            name = f"{phase.phase}: {QUESTIONS[phase.phase]}"
            case = ElementTree.SubElement(suite, "testcase", classname=_plain(exercise.slug), name=name, time="0")
            if phase.state is State.NOT_RUN:
                ElementTree.SubElement(case, "skipped", message=_plain(phase.about))
            elif phase.findings:
                _failure(case, phase.findings)
    for key, number in totals.items():
        root.set(key, str(number))
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _failure(case: ElementTree.Element, findings: tuple[Finding, ...]) -> None:
    failure = ElementTree.SubElement(case, "failure", type="finding", message=_plain(findings[0].text))
    failure.text = _plain("\n\n".join("\n".join(filter(None, (line_of(one), one.detail))) for one in findings))


def _plain(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


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
