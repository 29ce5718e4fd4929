"""The words and signs in which every renderer tells of outcomes, statuses, isolation and points.

One place, so that a student reads the same on the terminal and in the HTML report.
"""

from __future__ import annotations

import math

from grader.classroom import Layout
from grader.model import Isolation, Level, Outcome, Status
from grader.text import clean_line

OUTCOME: dict[Outcome, str] = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.RAISED: "raised an error",
    Outcome.NOT_IMPLEMENTED: "not implemented",
    Outcome.TIMED_OUT: "timed out",
    Outcome.OUT_OF_CPU_TIME: "out of CPU time",
    Outcome.OUT_OF_MEMORY: "out of memory",
    Outcome.OUT_OF_DISK: "out of disk space",
    Outcome.OUT_OF_THREADS: "too many threads",
    Outcome.TOO_MUCH_OUTPUT: "too much output",
    Outcome.NOT_PERMITTED: "not permitted",
    Outcome.CRASHED: "crashed",
    Outcome.SKIPPED: "skipped",
    Outcome.INTERNAL_ERROR: "grader error",
}

OUTCOME_SIGN: dict[Outcome, str] = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.RAISED: "✗",
    Outcome.NOT_IMPLEMENTED: "○",
    Outcome.TIMED_OUT: "✗",
    Outcome.OUT_OF_CPU_TIME: "✗",
    Outcome.OUT_OF_MEMORY: "✗",
    Outcome.OUT_OF_DISK: "✗",
    Outcome.OUT_OF_THREADS: "✗",
    Outcome.TOO_MUCH_OUTPUT: "✗",
    Outcome.NOT_PERMITTED: "✗",
    Outcome.CRASHED: "✗",
    Outcome.SKIPPED: "»",
    Outcome.INTERNAL_ERROR: "?",
}

STATUS: dict[Status, str] = {
    Status.PASSED: "passed",
    Status.FAILED: "not passed yet",
    Status.NOT_ATTEMPTED: "not started",
    Status.UNGRADED: "ungraded",
}

STATUS_SIGN: dict[Status, str] = {
    Status.PASSED: "✓",
    Status.FAILED: "◐",
    Status.NOT_ATTEMPTED: "○",
    Status.UNGRADED: "?",
}

LEVEL: dict[Level, str] = {
    Level.SANDBOX: "The submitted code ran in a sandbox: it could see neither files of this computer nor a network.",
    Level.PROCESS: "The submitted code ran in a process of its own with limits, but not in a full sandbox.",
    Level.NONE: "The submitted code ran without isolation.",
}

LAYOUT: dict[Layout, str] = {
    Layout.CANVAS: "a download of Canvas",
    Layout.MOODLE: "a download of Moodle",
    Layout.GRADESCOPE: "an export of Gradescope",
    Layout.GITHUB: "clones of GitHub Classroom",
    Layout.NBGRADER: "folders of nbgrader",
    Layout.FOLDERS: "a folder for each student",
    Layout.FLAT: "files of all students in one folder",
}

ADVICE = "grade doctor says what to change"
MISSING_SHOWN = 3


def less_than_sandbox(isolation: Isolation) -> str:
    """One line on what is missing for a sandbox and what to do about it; empty when nothing is."""
    if isolation.level is Level.SANDBOX:
        return ""
    # Nothing is missing where less was asked for. The reasons are in the report, and the doctor's.
    names = [clean_line(line.partition(":")[0], 40) for line in isolation.missing[:MISSING_SHOWN]]
    why = f" (missing: {', '.join(names)})" if names else ""
    return f"No full sandbox{why}: fine for code of your own; for code of others, {ADVICE}."


def number(value: float) -> str:
    """Return points as people write them: 3, 2.5, 0.33. Rounded down, so that 9.999 is never 10."""
    if not math.isfinite(value):
        return "?"
    if abs(value) >= 1e9:
        return f"{value:.3g}"
    # The nudge is for sums such as 0.1 + 0.2, which must not show as 0.29 or 0.30000000000000004.
    down = math.floor(value * 100 + 1e-6) / 100
    return f"{down:.2f}".rstrip("0").rstrip(".")


def points(value: float) -> str:
    """Return points with their unit: "1 point", "2.5 points"."""
    text = number(value)
    return f"{text} point" if text == "1" else f"{text} points"


def count(amount: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun: "1 check", "3 checks"; `plural` where an s does not do."""
    return f"{amount:,} {singular if amount == 1 else plural or singular + 's'}"


def seconds(duration_s: float) -> str:
    """Return a duration in seconds as people say it: "40 ms", "2.1 s", "3 min 5 s"."""
    if not math.isfinite(duration_s) or duration_s < 0:
        return "?"
    if duration_s < 0.9995:
        return f"{math.ceil(duration_s * 1000)} ms"
    if duration_s < 59.95:
        return f"{duration_s:.1f} s"
    minutes, rest = divmod(round(duration_s), 60)
    return f"{minutes:,} min {rest} s" if rest else f"{minutes:,} min"


def long_time(duration_s: float) -> str:
    """Return a duration in seconds, rounded up, in two units at most: "5 minutes", "2 days 3 hours"."""
    if not math.isfinite(duration_s) or duration_s < 0:
        return "?"
    minutes = max(1, math.ceil(duration_s / 60))
    if minutes < 60:
        return count(minutes, "minute")
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return " ".join(filter(None, (count(hours, "hour"), count(minutes, "minute") if minutes else "")))
    days, hours = divmod(hours + (1 if minutes else 0), 24)
    return " ".join(filter(None, (count(days, "day"), count(hours, "hour") if hours else "")))
