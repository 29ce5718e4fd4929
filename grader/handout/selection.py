"""Which exercises of a course are meant."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from grader.course import Course
from grader.handout.errors import HandoutError
from grader.text import clean_line


def narrowed(course: Course, slugs: Collection[str] = (), chapters: Collection[str] = ()) -> Course:
    """The course with only those exercises, in its order: of these slugs or in these chapters; all without either.

    Raises HandoutError for a name that is not in the course, for a broken exercise that is meant, and when nothing is
    left.
    """
    known = dict.fromkeys(one.chapter for one in course.exercises)
    broken = [slug for slug in slugs if slug in course.broken] or ([] if slugs or chapters else sorted(course.broken))
    if broken:
        raise HandoutError(f"the exercise {broken[0]} is broken in this course; grade check {broken[0]} says why")
    for slug in slugs:
        if slug not in course.slugs:
            raise HandoutError(
                f"no exercise is called {clean_line(slug, 60)!r}; there are {clean_line(', '.join(course.slugs), 600)}"
            )
    for chapter in chapters:
        if chapter not in known:
            raise HandoutError(
                f"no chapter is called {clean_line(chapter, 60)!r}; there are {clean_line(', '.join(known), 600)}"
            )
    kept = tuple(
        one for one in course.exercises if not (slugs or chapters) or one.slug in slugs or one.chapter in chapters
    )
    if not kept:
        raise HandoutError(f"{course.root}: there is no exercise in this course; add one with grade new")
    return msgspec.structs.replace(course, exercises=kept)
