"""What identifies things: a result's key, a file that was handed in, the content to grade."""

from __future__ import annotations

import hashlib

from grader.classroom import HandIn
from grader.gradebook.schema import storable
from grader.submission import Submission


def result_key(slug: str, content: str, digest: str, seed: int) -> str:
    """The key of a result: SHA-256 (hex) over everything that it depends on.

    `content` is the hash of what is graded, `digest` stands for everything else but the seed: the exercise (suite,
    reference solution, metadata, wrong submissions), the versions of the grader and torch, options that change a score.
    """
    return digest_of("result", slug, content, digest, str(seed))


def content_of(submission: Submission) -> str:
    """The hash of what is graded: of the source text; of the problem where there is none.

    Not that of the file: one notebook is the file of several exercises, and two files can hold the same text.
    """
    if submission.source is None:
        return digest_of("problem", submission.sha256, storable(submission.problem))
    return hashlib.sha256(source_bytes(submission.source)).hexdigest()


def identity_of(item: HandIn) -> str:
    """What makes a file that was handed in the same one in another download."""
    one = item.submission
    return digest_of("hand-in", item.student.key, one.slug, one.sha256, item.submitted_at, item.ref)


def source_bytes(source: str) -> bytes:
    """A source text as it is kept: UTF-8."""
    return source.encode("utf-8", "replace")


def digest_of(*parts: str) -> str:
    """SHA-256 (hex) over texts, told apart by their lengths."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()
