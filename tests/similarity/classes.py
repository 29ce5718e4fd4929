"""Made-up classes: honest authors with a style of their own, and some who copy. And a gradebook for them.

Nobody's real work is in here. What honest authors start from are the reference solutions and the right and wrong
submissions of the course's exercises, written independently of each other; the better known ones are chosen more
often. Each author then has habits: which of two ways of saying the same, which names, which comments.
"""

from __future__ import annotations

import ast
import hashlib
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from grader.classroom import AttemptGrade, Cell, CellState, Column, Graded, Row, Student
from grader.model import CheckResult, Diagnosis, DiagnosisKind, ExerciseResult, Outcome, Status, SubmissionFile
from tests.course_files import ROOT
from tests.similarity import disguises

SLUGS = ("matmul", "linear", "relu", "sequential", "sgd", "cross_entropy", "device")

# Ways to say the same. Each author has a fixed taste.
WAYS: tuple[tuple[str, str], ...] = (
    (r"(\w+) @ (\w+(?:\.\w+)*)", r"torch.matmul(\1, \2)"),
    (r"(\w+) @ (\w+(?:\.\w+)*)", r"\1.mm(\2)"),
    (r"(\w+)\.T\b", r"\1.t()"),
    (r"(\w+)\.T\b", r"\1.transpose(0, 1)"),
    (r"math\.sqrt\(([^()]*)\)", r"(\1) ** 0.5"),
    (r"torch\.zeros\((\w+)\)", r"torch.empty(\1).fill_(0.0)"),
    (r"super\(\)", r"super(type(self), self)"),
    (r"\blen\((\w)\)", r"\1.shape[0]"),
    (r"\blen\((\w)\)", r"\1.size(0)"),
    (r"dim=1\b", r"dim=-1"),
    (r"\.mean\(\)", r".sum() / 1.0"),
    (r"(?<!\.)\b(\w+) is not None", r"not (\1 is None)"),
    (r"isinstance\((\w+), dict\)", r"type(\1) is dict"),
    (r"torch\.(exp|log|maximum|logsumexp|clamp)\((\w+)", r"torch.Tensor.\1(\2"),
)
NAMES = [
    "x",
    "y",
    "z",
    "out",
    "res",
    "result",
    "a",
    "b",
    "t",
    "tmp",
    "h",
    "w",
    "n",
    "d",
    "grad",
    "value",
    "inputs",
    "output",
    "data",
    "item",
    "total",
    "left",
    "right",
    "mat",
    "batch",
    "labels",
    "scores",
    "logits",
    "probs",
    "loss",
    "param",
    "layer",
    "current",
    "elem",
    "vals",
    "first",
    "second",
    "acc",
    "summed",
    "picked",
    "prod",
    "answer",
    "ret",
    "temp",
    "val",
    "obj",
    "thing",
]
PHRASES = [
    "compute the gradient",
    "forward pass",
    "backward pass",
    "save for later",
    "apply the layers",
    "use broadcasting",
    "see lecture",
    "shape (m, n)",
    "numerically stable",
    "move to the device",
    "call the parent",
    "no gradient here",
    "update in place",
    "initialise",
]


@dataclass
class FakeBook:
    """A gradebook in memory."""

    columns: tuple[Column, ...]
    title: str = "A made-up class"
    people: list[Row] = field(default_factory=list)
    sources: dict[str, bytes] = field(default_factory=dict)
    grades: dict[str, Graded] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        return iter(self.people)

    def source(self, sha256: str, slug: str | None = None) -> bytes | None:
        return self.sources.get(sha256)

    def results(self, keys: Iterable[str]) -> dict[str, Graded]:
        return {key: self.grades[key] for key in keys if key in self.grades}


def book_of(
    works: Mapping[str, Mapping[str, str | bytes]],
    *,
    results: Mapping[tuple[str, str], ExerciseResult] | None = None,
    refs: Mapping[tuple[str, str], str] | None = None,
    suffix: str = ".py",
) -> FakeBook:
    """The book of a class: for each student the source for each slug."""
    slugs = list(dict.fromkeys(slug for some in works.values() for slug in some))
    book = FakeBook(tuple(Column(slug=slug, title=slug.title(), chapter="01", max_score=10.0) for slug in slugs))
    for name, some in works.items():
        cells = []
        for slug in slugs:
            if slug not in some:
                cells.append(Cell(slug=slug, state=CellState.MISSING, max_score=10.0, points=0.0))
                continue
            text = some[slug]
            raw = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
            sha256 = hashlib.sha256(raw).hexdigest()
            book.sources[sha256] = raw
            key = ""
            if results and (name, slug) in results:
                key = f"{name}/{slug}"
                book.grades[key] = Graded(result=results[name, slug], seed=1)
            attempt = AttemptGrade(
                submission_id=0, attempt=1, file=f"{slug}{suffix}", sha256=sha256, key=key,
                ref=(refs or {}).get((name, slug), f"{name}/{slug}"), submitted_at="2026-03-01T12:00:00+00:00",
            )  # fmt: skip
            cells.append(
                Cell(
                    slug=slug, state=CellState.GRADED, max_score=10.0, points=1.0, counted=attempt, attempts=(attempt,)
                )
            )
        student = Student(key=f"folder:{name}", name=name)
        book.people.append(Row(student=student, cells=tuple(cells), total=0.0, max_total=70.0, complete=True))
    return book


def failed(slug: str, messages: Sequence[str], diagnosis: str = "") -> ExerciseResult:
    """A result with these messages of failed checks, and one that passed."""
    checks = [
        CheckResult(id=f"test_{n}", title="it", outcome=Outcome.FAILED, score=0, max_score=1, message=text)
        for n, text in enumerate(messages)
    ]
    checks.append(CheckResult(id="test_ok", title="it", outcome=Outcome.PASSED, score=1, max_score=1))
    said = (Diagnosis(check="test_0", kind=DiagnosisKind.MISCONCEPTION, name=diagnosis, text=diagnosis),)
    return ExerciseResult(
        slug=slug, title=slug, chapter="01", status=Status.FAILED, score=1.0, max_score=2.0,
        submission=SubmissionFile(file=f"{slug}.py", sha256=""), checks=tuple(checks),
        diagnoses=said if diagnosis else (),
    )  # fmt: skip


@cache
def bases(slug: str) -> tuple[str, ...]:
    """Independent solutions, the reference first, without their docstrings and comments."""
    folder = next(ROOT.glob(f"solutions/*/{slug}"))
    files = [folder / f"{slug}.py", *sorted(folder.glob("right/*.py")), *sorted(folder.glob("wrong/*.py"))]
    return tuple(disguises.uncommented(file.read_text("utf-8")) for file in files)


@cache
def stub(slug: str) -> str:
    return next(ROOT.glob(f"exercises/*/{slug}.py")).read_text("utf-8")


class Author:
    """Somebody who writes on their own."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.ways = [one for one in WAYS if draw.random() < 0.35]
        self.talks = draw.random() * 0.5
        self.splits = draw.random() < 0.3
        self.wide = draw.random() < 0.15

    def write(self, slug: str) -> str:
        """A submission."""
        draw = self.draw
        known = bases(slug)
        weights = [(n + 1) ** -0.7 for n in range(len(known))]
        text, other = draw.choices(known, weights, k=2)
        text = _mixed(text, other, draw)
        for pattern, other in self.ways:
            text = _parsed(re.sub(pattern, other, text), text)
        text = disguises.split(text) if self.splits else ast.unparse(ast.parse(text))
        local = disguises.local_names(text)
        if draw.random() < 0.6:
            chosen = [one for one in local if draw.random() < 0.5]
            liked = [(n + 1) ** -0.5 for n in range(len(NAMES))]
            others = [one for one in dict.fromkeys(draw.choices(NAMES, liked, k=3 * len(chosen))) if one not in local]
            text = disguises.rename(text, dict(zip(chosen, others, strict=False)))
        lines = []
        for line in text.split("\n"):
            if self.talks and line.startswith("    ") and draw.random() < self.talks:
                said = (
                    draw.choice(PHRASES)
                    if draw.random() < 0.4
                    else " ".join(draw.sample(disguises.WORDS, draw.randint(3, 6)))
                )
                lines.append(f"{line[: len(line) - len(line.lstrip())]}# {said}")
            lines.append(line.replace(", ", " , ") if self.wide and draw.random() < 0.2 else line)
        head = '"""' + stub(slug).split('"""')[1] + '"""\n' if draw.random() < 0.5 else ""
        return head + "\n".join(lines) + "\n"


def _mixed(text: str, other: str, draw: random.Random) -> str:
    """Some functions as the one base has them, some as the other: they were thought of one at a time."""
    tree = ast.parse(text)
    found = {(one.name, len(one.args.args)): one for one in _functions(ast.parse(other))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            node.body = [
                found.get((one.name, len(one.args.args)), one)
                if isinstance(one, ast.FunctionDef) and draw.random() < 0.5
                else one
                for one in node.body
            ]
    return ast.unparse(tree)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _parsed(text: str, otherwise: str) -> str:
    try:
        ast.parse(text)
    except SyntaxError:  # the pattern took too little or too much
        return otherwise
    return text


def made_up(students: int, seed: int, slugs: Sequence[str] = SLUGS) -> tuple[dict[str, dict[str, str]], random.Random]:
    """A class in which everybody works alone: name to slug to source."""
    draw = random.Random(seed)  # noqa: S311 - repeatable
    works: dict[str, dict[str, str]] = {}
    for n in range(students):
        author = Author(random.Random(draw.random()))  # noqa: S311 - repeatable
        works[f"student {n:04d}"] = {slug: author.write(slug) for slug in slugs if draw.random() < 0.95}
    return works, draw


def plant(
    works: dict[str, dict[str, str]], draw: random.Random, pairs: int, exercises: int, how: str
) -> set[frozenset[str]]:
    """Let `pairs` students, none of them twice, copy that many exercises from another. Returns the pairs."""
    free = sorted(name for name in works if not works[name].get("copied"))
    chosen = draw.sample(free, 2 * pairs)
    found = set()
    for source, copier in zip(chosen[::2], chosen[1::2], strict=True):
        # The larger ones: a copy of one line is nobody's to find.
        slugs = sorted(works[source], key=lambda slug: -len(works[source][slug]) * draw.random())[:exercises]
        for slug in slugs:
            text = works[source][slug]
            works[copier][slug] = disguises.some(text, draw) if how == "some" else disguises.DISGUISES[how](text, draw)
        for name in (source, copier):
            works[name]["copied"] = "1"
        found.add(frozenset((source, copier)))
    return found
