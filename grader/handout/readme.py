"""The README of a hand-out: how to set up, how to hand in, and the list of exercises. Written for students."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from string import Template

from grader.course import EXERCISES, Course, Exercise
from grader.report import words
from grader.text import clean_line

TEMPLATES = Path(__file__).parent / "templates"
_NOTEBOOKS = """\
The same exercises are in `notebooks/`, for those who like notebooks better. Hand in either the notebook or the file of
an exercise.

"""


def readme(course: Course, title: str, *, points: Mapping[str, float], hand_in: str = "", notebooks: bool) -> str:
    """The text for the exercises of `course`. `points` may lack some; `hand_in` replaces the section on handing in."""
    first = course.exercises[0]
    worth = [points[one.slug] for one in course.exercises if one.slug in points]
    complete = len(worth) == len(course.exercises)
    return _template("student_readme.md").substitute(
        title=_inline(title),
        notebooks=_NOTEBOOKS if notebooks else "",
        exercises="\n".join(_chapters(course, points)),
        total=f"Together {words.points(math.fsum(worth))}.\n\n" if complete else "",
        hand_in=hand_in.strip() or _template("hand_in.md").substitute(example=f"{first.slug}.py").strip(),
    )


def _chapters(course: Course, points: Mapping[str, float]) -> list[str]:
    lines: list[str] = []
    chapter = ""
    for number, exercise in enumerate(course.exercises, 1):
        if exercise.chapter != chapter:
            chapter = exercise.chapter
            lines += [f"### {_inline(chapter)}", "", "| | exercise | points | about |", "|--:|---|--:|---|"]
        lines.append(_row(number, exercise, points))
        if number == len(course.exercises) or course.exercises[number].chapter != chapter:
            lines.append("")
    return lines


def _row(number: int, exercise: Exercise, points: Mapping[str, float]) -> str:
    path = f"{EXERCISES}/{exercise.chapter}/{exercise.slug}.py"
    worth = words.number(points[exercise.slug]) if exercise.slug in points else ""
    about = ", ".join(_inline(one) for one in exercise.concepts)
    return (
        f"| {number} | [{exercise.slug}]({path.replace(' ', '%20')}): {_inline(exercise.title)} | {worth} | {about} |"
    )


def _inline(text: str) -> str:
    """A text of the author's on one line of Markdown."""
    return clean_line(text, 300).replace("|", "\\|")


def _template(name: str) -> Template:
    return Template((TEMPLATES / name).read_text("utf-8"))
