"""The gradebook: a database of what a class handed in, what it earned, and what was decided about it."""

from __future__ import annotations

from grader.gradebook.book import Gradebook
from grader.gradebook.key import content_of, result_key
from grader.gradebook.nouns import Added, AuditEntry, Change, Flip, GradebookError, Mark, Pending, Run

__all__ = [
    "Added",
    "AuditEntry",
    "Change",
    "Flip",
    "Gradebook",
    "GradebookError",
    "Mark",
    "Pending",
    "Run",
    "content_of",
    "result_key",
]
