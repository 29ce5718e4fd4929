"""The JSON Schema of the result file, made from the model so that the two cannot drift apart.

`python -m grader.report.schema` writes it to `result.schema.json` beside this module; a test compares.
Fields that a reader does not know are allowed: later versions may add some.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from grader.files import write_atomically
from grader.model import RESULT_VERSION, Report

PUBLISHED = Path(__file__).with_name("result.schema.json")

TITLES = {
    "Report": "Result of one run",
    "ExerciseResult": "Result of one exercise",
    "CheckResult": "Result of one check",
    "SubmissionFile": "Submitted file",
    "DiagnosisKind": "Kind of diagnosis",
    "Frame": "Stack frame",
    "Level": "Isolation level",
}

# What the docstrings of the model leave to the names, for readers who have only the schema.
DESCRIPTIONS = {
    "Report.version": "Version of this format. It grows when a field changes its meaning or goes away.",
    "Report.score": "Points reached: the sum over the exercises.",
    "Report.max_score": "Points that could be reached.",
    "Report.exercises": "The exercises that were graded, in the order of the course.",
    "Report.isolation": "How student code was kept from the host.",
    "Report.seed": "Seed of every random input. The same seed, course and versions give the same result.",
    "Report.environment": "Versions that the result depends on.",
    "Report.started_at": "When the run began: ISO 8601 with an offset, or empty when unknown.",
    "Report.duration_s": "Wall time of the run in seconds.",
    "ExerciseResult.slug": "The exercise's name, unique in a course. Results are keyed by it.",
    "ExerciseResult.title": "The exercise's name for people.",
    "ExerciseResult.chapter": "The chapter directory, for example 02_autograd.",
    "ExerciseResult.status": "How the exercise ended. An ungraded one says nothing about the submission.",
    "ExerciseResult.score": "Points reached: the sum over the checks.",
    "ExerciseResult.max_score": "Points that could be reached.",
    "ExerciseResult.submission": "The file that was graded.",
    "ExerciseResult.checks": "The checks, in the order of the suite.",
    "ExerciseResult.diagnoses": "Named mistakes that were found.",
    "ExerciseResult.problem": "One line about the file as a whole, for example a syntax error; else empty.",
    "SubmissionFile.file": "File name without folders.",
    "SubmissionFile.sha256": "SHA-256 of the file's bytes in hexadecimal; empty when it could not be read.",
    "CheckResult.id": "The check's name, unique in its exercise.",
    "CheckResult.title": "The promise that is checked, in a student's words.",
    "CheckResult.outcome": "How the check ended.",
    "CheckResult.score": "Points reached.",
    "CheckResult.max_score": "Points that could be reached.",
    "CheckResult.message": "What was found, for the student.",
    "CheckResult.hint": "One hint, or empty.",
    "CheckResult.duration_s": "Wall time of the check in seconds.",
    "CheckResult.call": "What was called.",
    "CheckResult.got": "What came back.",
    "CheckResult.expected": "What was expected, without the hidden values.",
    "CheckResult.frames": "The student's own stack frames, outermost first.",
    "CheckResult.output": "What the student's code printed during the check.",
    "CheckResult.output_cut": "Whether more was printed than `output` holds.",
    "CheckResult.figure": "Where a tensor is wrong, or null.",
    "Frame.file": "The student's file.",
    "Frame.line": "Line number, counted from 1.",
    "Frame.function": "Name of the function.",
    "Frame.first_line": "Number of the first line of `excerpt`; 0 without one.",
    "Frame.excerpt": "Source lines around `line`.",
    "Figure.label": "What is shown, for example dL/dX.",
    "Figure.shape": "Shape of the whole tensor.",
    "Figure.cells": "Error class of each cell, row by row.",
    "Figure.signs": "For each cell 1 for too large, -1 for too small, 0 for neither or both; empty when not known.",
    "Figure.pooled": "Whether a cell stands for several elements.",
    "Figure.text": "The same in words.",
    "Diagnosis.check": "The `id` of the check, or empty when the whole file is meant.",
    "Diagnosis.kind": "What the diagnosis rests on.",
    "Diagnosis.name": "Short name of the mistake, for example swapped_gradients.",
    "Diagnosis.text": "Explanation for the student.",
    "Diagnosis.line": "Line number in the submitted file, or in its cell, or 0 when unknown.",
    "Diagnosis.cell": "Number of the cell of a notebook, counted from 1 over all its cells; 0 in other files.",
    "Diagnosis.review": "Whether it is flagged for a person to look at; it took no points.",
    "Isolation.level": "The level in force, strongest first: sandbox, process, none.",
    "Isolation.mechanisms": "What the level is made of on this machine.",
    "Isolation.missing": "One line on each mechanism that this machine does not offer.",
    "Environment.grader": "Version of this grader.",
    "Environment.python": "Version of Python.",
    "Environment.torch": "Version of PyTorch.",
    "Environment.platform": "Operating system and machine.",
}

# Constraints that Python's types do not say. A line of 0 means "unknown", a duration is never negative.
CONSTRAINTS: dict[str, dict[str, Any]] = {
    "Report.version": {"const": RESULT_VERSION},
    "CheckResult.score": {"minimum": 0},
    "CheckResult.max_score": {"minimum": 0},
    "CheckResult.duration_s": {"minimum": 0},
    "ExerciseResult.score": {"minimum": 0},
    "ExerciseResult.max_score": {"minimum": 0},
    "Report.score": {"minimum": 0},
    "Report.max_score": {"minimum": 0},
    "Report.duration_s": {"minimum": 0},
    "Frame.line": {"minimum": 0},
    "Frame.first_line": {"minimum": 0},
    "Diagnosis.line": {"minimum": 0},
    "Diagnosis.cell": {"minimum": 0},
}


def build() -> dict[str, Any]:
    """Return the schema (JSON Schema, draft 2020-12) of a result file as plain Python values."""
    made = msgspec.json.schema(Report)
    definitions = made["$defs"]
    for name, definition in definitions.items():
        definition["title"] = TITLES.get(name, name)
        definition["description"] = re.sub(r"\s*\n\s*", " ", definition.get("description", "")).strip()
        for field, rule in definition.get("properties", {}).items():
            key = f"{name}.{field}"
            definition["properties"][field] = {
                "description": DESCRIPTIONS.get(key, ""),
                **rule,
                **CONSTRAINTS.get(key, {}),
            }
    root = definitions.pop("Report")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:grader:result:{RESULT_VERSION}",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def encode() -> bytes:
    """Return the schema as it is published: indented UTF-8 JSON with a newline at the end."""
    return json.dumps(build(), indent=2, ensure_ascii=False).encode() + b"\n"


if __name__ == "__main__":
    write_atomically(PUBLISHED, encode())
