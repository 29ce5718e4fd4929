"""Which submissions of a class share more than chance explains, for a person to look at.

`gather` reads the gradebook into works (one file for one exercise, by one student or a group), `analyse` reduces each
source to fingerprints and rare traits, `compare` finds the pairs that share them through an inverted index, `rank`
judges each pair against the rest of its class, and `detail` says for the first few where and what. `page`, `html`,
`record` and `export` show it. Nothing here runs student code, and nothing here is a verdict.
"""

from __future__ import annotations

from grader.similarity.gather import Book
from grader.similarity.rank import Options, Ranking, rank

__all__ = ["Book", "Options", "Ranking", "rank"]
