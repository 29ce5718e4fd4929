"""The files of a new exercise, each its own manual. What to replace is marked, and `grade check` names the marks.

The template is a small exercise that works (`half(X)` is X / 2), so that whatever is not replaced yet runs.
"""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from grader.course import EXERCISES, METADATA, SOLUTIONS, Course
from grader.files import write_atomically

SLUG = re.compile(r"[a-z][a-z0-9_]*")
CHAPTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
LONGEST = 60

_STUB = '''"""AUTHOR: say what to write: the function in words, its arguments with their shapes, and the result.

    X       any shape
    result  the same shape    half of each element of X

What is graded
- the values, for tensors of any shape
- the gradient of X
- X is left as it was
"""

# Students get this file. Replace the function by what they are to write, with the bodies as they are here: every
# function raises NotImplementedError and does nothing else. What the file needs of torch, it imports.


def half(X):
    raise NotImplementedError
'''

_SOLUTION = '''"""AUTHOR: replace half by your solution; say here in a sentence how it works."""

# The reference solution. It defines what the stub defines, with the same parameters; names of helpers start with _.
# Write it as you would explain it: grade check breaks each part of it on purpose, and the suite has to notice.


def half(X):
    return X / 2
'''

_SUITE = '''"""AUTHOR: replace the checks by yours; say here where the expected values come from.

Each test function is a check. The first line of its docstring is the title that students read.
"""

# `submission` is the student's module; call what it defines with tensors that you draw here (they are seeded).
# Compute what you expect before the call, and in another way than the solution does.
# Give each check its points, a hint as a question, and depends(...) where it makes no sense without another.

import pytest
import torch

from grader.suite import assert_gradient, assert_unchanged, assert_value


@pytest.mark.points(1)
@pytest.mark.hint("What is half of 3?")
def test_values(submission):
    """each element is halved, and X stays as it was"""
    # One dimension of size 1, which gets lost unseen otherwise, and float64, which a detour through float32 would cost.
    X = torch.randn(2, 1, 3, dtype=torch.float64)
    expected = 0.5 * X
    with assert_unchanged(X=X):
        result = submission.half(X)
    assert_value(result, expected)


@pytest.mark.points(1)
@pytest.mark.depends("test_values")
@pytest.mark.hint("By how much does the result change when X grows by 1?")
def test_gradient(submission):
    """the gradient of X is half of the incoming one"""
    X = torch.randn(4, requires_grad=True)
    incoming = torch.randn(4)
    result = submission.half(X)
    assert_value(result, 0.5 * X.detach())
    result.backward(incoming)
    assert_gradient(X.grad, 0.5 * incoming, of="dL/dX")
'''

_METADATA = """# AUTHOR: fill in this file; the guide for authors lists all keys.
title = "TITLE"                         # the name of the exercise, for people
concepts = ["torch.Tensor"]             # what it teaches
prerequisites = []                      # slugs of exercises that come before it
hints = [                               # for grade hint, from a first nudge upwards
    "Which operation does it for one number?",
]

# Where torch has a ready-made version, forbid it:
# [forbidden]
# names = ["torch.nn.functional.softmax"]
# instead = "Build it from exp and sum."
"""

_WRONG = '''"""AUTHOR: ask what leads a student away from this mistake, in one to three sentences."""

# A natural mistake: one misconception per file, named after it. It must lose points. A student who makes it reads the
# docstring, so it asks and does not tell. This one forgets that the result has a gradient.


def half(X):
    return X.detach() / 2
'''

_RIGHT = '''"""AUTHOR: say how this differs from the reference solution."""

# Another correct way, which must get full marks: so the suite asks for a result and not for your way to it.


def half(X):
    return X - X * 0.5
'''


class TemplateError(Exception):
    """The exercise can't be made. The message is one line: what, and what to do instead."""


def files(course: Course, slug: str, chapter: str) -> dict[Path, str]:
    """The files of a new exercise by path. Raises TemplateError for names that can't be, or that are taken."""
    if len(slug) > LONGEST or not SLUG.fullmatch(slug):
        raise TemplateError("a slug has small letters, digits and _, starts with a letter, and is at most 60 long")
    if keyword.iskeyword(slug):
        raise TemplateError(f"{slug} is a word of Python and can't be imported; add another word to it")
    if len(chapter) > LONGEST or not CHAPTER.fullmatch(chapter):
        raise TemplateError("a chapter is the name of a folder: letters, digits, _ and -, such as 03_modules")
    taken = [one for tree in (EXERCISES, SOLUTIONS) for one in sorted((course.root / tree).glob(f"*/{slug}*"))]
    taken = [one for one in taken if one.name in (slug, f"{slug}.py")]
    if taken:
        where = taken[0].relative_to(course.root).as_posix()
        raise TemplateError(f"there is {where} already; choose another slug, or remove it first")
    private = course.root / SOLUTIONS / chapter / slug
    return {
        course.root / EXERCISES / chapter / f"{slug}.py": _STUB,
        private / METADATA: _METADATA.replace("TITLE", slug.replace("_", " ").capitalize()),
        private / f"{slug}.py": _SOLUTION,
        private / f"test_{slug}.py": _SUITE,
        private / "wrong" / "detached.py": _WRONG,
        private / "right" / "subtracted.py": _RIGHT,
    }


def write(given: dict[Path, str]) -> None:
    """Write the files and make their folders. Raises OSError."""
    for path, text in given.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode("utf-8"))
