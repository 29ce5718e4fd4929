"""What a student does next, in a few lines that can be pasted."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

import msgspec

from grader.model import ExerciseResult, Outcome, Status
from grader.submission import Submission
from grader.text import clean_line

TITLE_MAX_CHARS = 120


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments for calling the grader again: after `grade hint SLUG`, and after `grade` to watch (or none)."""

    hint: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()


def next_step(results: Sequence[ExerciseResult], files: Mapping[str, Submission], again: Again) -> list[str]:
    """Lines about the first of `results` (in course order) that has not got full marks."""
    first = next((one for one in results if one.status in (Status.FAILED, Status.NOT_ATTEMPTED)), None)
    if first is None:
        return []
    if first.problem and not any(check.outcome is not Outcome.SKIPPED for check in first.checks):
        return [f"Next: {first.slug}: {clean_line(first.problem, 300)}"]
    failing = next((c for c in first.checks if c.outcome not in (Outcome.PASSED, Outcome.SKIPPED)), None)
    if first.status is Status.NOT_ATTEMPTED or failing is None:
        file = _shown(files, first)
        where = "in" if file.endswith(".ipynb") else "at the top of"
        lines = [f"Next: {first.slug}. Its statement is {where} {file}."]
    else:
        lines = [f"Next: {first.slug}: {clean_line(failing.title, TITLE_MAX_CHARS)} ({failing.id})"]
    lines.append(f"  a hint:                {_command('grade', 'hint', first.slug, *again.hint)}")
    if again.watch:
        lines.append(f"  grade again on save:   {_command('grade', *again.watch)}")
    return lines


def _command(*words: str) -> str:
    return shlex.join(clean_line(word, 300) for word in words)


def _shown(files: Mapping[str, Submission], result: ExerciseResult) -> str:
    submission = files.get(result.slug)
    return clean_line(str(submission.path) if submission else result.submission.file, 300)
