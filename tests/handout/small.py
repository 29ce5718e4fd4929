"""A small course on disk for the tests of the hand-out, with an easily known line in each private file."""

from __future__ import annotations

from pathlib import Path

from grader.course import Course

STUB = '"""Double a tensor.\n\nWhat is graded: the values.\n"""\n\n\ndef {slug}(X):\n    raise NotImplementedError\n'
SOLUTION = '"""Reference."""\n\n\ndef {slug}(X):\n    secret_of_the_{slug} = X + X\n    return secret_of_the_{slug}\n'
SUITE = '''"""Suite of {slug}."""

import torch

from grader.suite import assert_value


def test_values(submission):
    """each element is doubled"""
    X = torch.randn(4, 3)
    expected_of_{slug} = 2 * X
    assert_value(submission.{slug}(X), expected_of_{slug}, of="the result")


def test_one_number(submission):
    """a single number is doubled as well"""
    assert_value(submission.{slug}(torch.tensor(3.5)), torch.tensor(7.0), of="the result for 3.5")
'''
WRONG = '"""Is it twice, or the square, that was asked for?"""\n\n\ndef {slug}(X):\n    return X * X\n'
RIGHT = '"""Another way."""\n\n\ndef {slug}(X):\n    return 2 * X + 0 * X.sum()\n'
METADATA = 'title = "Twice ({slug})"\nconcepts = ["addition"]\nhints = ["What is X + X, element by element?"]\n'


def write(root: Path, slug: str, chapter: str = "01_first") -> None:
    """Add an exercise to the course in `root`."""
    private = root / "solutions" / chapter / slug
    files = {
        root / "exercises" / chapter / f"{slug}.py": STUB,
        private / f"{slug}.py": SOLUTION,
        private / f"test_{slug}.py": SUITE,
        private / "exercise.toml": METADATA,
        private / "wrong" / "squared_instead.py": WRONG,
        private / "right" / "by_a_product.py": RIGHT,
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{slug}", slug), encoding="utf-8")


def course(root: Path, *slugs: str) -> Course:
    """A course of exercises that each ask to double a tensor; the chapter of each is that of its number."""
    for number, slug in enumerate(slugs or ("double",), 1):
        write(root, slug, f"0{number}_part")
    found = Course.load(root)
    assert found.problems == ()
    return found
