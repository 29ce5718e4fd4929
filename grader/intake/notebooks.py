"""Which exercises a notebook holds, where its name does not say."""

from __future__ import annotations

from pathlib import Path

from grader.course import Course


def notebook_slugs(path: Path, course: Course) -> tuple[str, ...]:
    """The slugs of the exercises that the notebook at `path` holds, in course order; none if it is no notebook."""
    return ()
