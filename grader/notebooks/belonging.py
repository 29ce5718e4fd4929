"""Which cell belongs to which exercise, where the notebook says so.

Our own mark comes first (`metadata.grader.exercise`), then the tag `exercise:<slug>`, nbgrader's `grade_id`, and
otter's answer cells, which belong to the question of the next `grader.check("<slug>")`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from grader.notebooks.document import CodeCell

TAG = "exercise:"
_CHECK = re.compile(r"\bgrader\.check\(\s*['\"](\w{1,80})['\"]")
_ANSWER = "otter_answer_cell"
_IGNORED = frozenset({"otter_ignore"})


def owners(cells: Sequence[CodeCell], slugs: Collection[str]) -> dict[int, str]:
    """The slug by the number of each cell that is marked for an exercise of `slugs`."""
    found: dict[int, str] = {}
    waiting: list[int] = []
    for cell in cells:
        slug = _marked(cell, slugs)
        if slug:
            found[cell.number] = slug
        elif _ANSWER in cell.tags:
            waiting.append(cell.number)
        if check := _CHECK.search(cell.source):
            if check[1] in slugs:
                found.update(dict.fromkeys(waiting, check[1]))
            waiting.clear()
    return found


def is_ignored(cell: CodeCell) -> bool:
    """Whether the cell is marked as no part of the answer."""
    return bool(cell.tags & _IGNORED)


def _marked(cell: CodeCell, slugs: Collection[str]) -> str:
    own = cell.metadata.get("grader")
    name = own.get("exercise") if isinstance(own, dict) else None
    if isinstance(name, str) and name in slugs:
        return name
    for tag in sorted(cell.tags):
        if tag.startswith(TAG) and (slug := tag.removeprefix(TAG).strip()) in slugs:
            return slug
    return _nbgrader(cell, slugs)


def _nbgrader(cell: CodeCell, slugs: Collection[str]) -> str:
    table = cell.metadata.get("nbgrader")
    grade_id = table.get("grade_id") if isinstance(table, dict) else None
    if not isinstance(table, dict) or not isinstance(grade_id, str) or table.get("solution") is False:
        return ""  # a cell of tests is graded and holds no solution
    fitting = [slug for slug in slugs if grade_id == slug or grade_id.startswith((f"{slug}-", f"{slug}_"))]
    return max(fitting, key=len, default="")
