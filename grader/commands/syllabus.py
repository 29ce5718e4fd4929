"""`grade list`: the exercises in course order, and what is done."""

from __future__ import annotations

from pathlib import Path

from grader import progress
from grader.commands.common import Exit, course_for, say
from grader.course import Course
from grader.model import Status


def run(course_dir: Path | None) -> Exit:
    """Print the syllabus."""
    course = course_for([], course_dir)
    for line in course.problems:
        say(line)
    earlier, problem = progress.load(course.root)
    if problem:
        say(problem)
    _show(course, earlier)
    return Exit.FULL_MARKS


def _show(course: Course, earlier: progress.Progress) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from grader.report import terminal, words

    out = terminal.console()
    chapter = ""
    done = 0
    for exercise in course.exercises:
        if exercise.chapter != chapter:
            chapter = exercise.chapter
            out.print(Text(chapter, style="bold"))
        remembered = earlier.exercises.get(exercise.slug)
        done += remembered is not None and remembered.status is Status.PASSED
        text, style = _state(remembered)
        line = Text(f"  {exercise.slug:<15} ", no_wrap=True, overflow="ellipsis")
        line.append(f"{text:<20} ", style=style)
        line.append(exercise.title)
        out.print(line)
        if exercise.concepts:
            out.print(Padding(Text(", ".join(exercise.concepts), style="dim"), (0, 0, 0, 39)))
    out.print()
    out.print(f"{done} of {words.count(len(course.exercises), 'exercise')} done")


def _state(remembered: progress.Remembered | None) -> tuple[str, str]:
    """The words for what is known of an exercise, and their style."""
    from grader.report import words

    if remembered is None or remembered.status is Status.NOT_ATTEMPTED:
        if remembered is not None and remembered.is_stale():
            return "changed since graded", "cyan"
        return f"{words.STATUS_SIGN[Status.NOT_ATTEMPTED]} not started", "dim"
    text, style = f"{words.STATUS_SIGN[Status.PASSED]} done", "green"
    if remembered.status is not Status.PASSED:
        text = f"{words.number(remembered.score)} of {words.points(remembered.max_score)}"
        text, style = f"{words.STATUS_SIGN[Status.FAILED]} {text}", "yellow"
    if remembered.is_stale():
        return f"{text}, changed since graded", "cyan"
    return text, style
