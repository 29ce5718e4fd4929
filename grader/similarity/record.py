"""The ranking as JSON, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from grader.classroom import Student
from grader.files import write_atomically
from grader.similarity.detail import Detail, Side
from grader.similarity.rank import Entry, Ranking
from grader.text import clean_line

VERSION = 1


def record(ranking: Ranking, details: dict[int, tuple[Detail, ...]], *, anonymous: bool = False) -> dict[str, Any]:
    """The ranking as plain data: numbers as they are, texts clean. Sources are not in it."""
    numbers = {one.key: n for n, one in enumerate(ranking.group.students, 1)}

    def student(one: Student) -> dict[str, Any]:
        if anonymous:
            return {"key": f"student {numbers[one.key]}", "name": ""}
        return {"key": clean_line(one.key, 200), "name": clean_line(one.name, 200)}

    return {
        "version": VERSION,
        "students": len(ranking.group.students),
        "common_share": ranking.options.share,
        "outstanding": ranking.outstanding,
        "typical": {"median": ranking.typical.median, "spread": ranking.typical.spread},
        "exercises": [
            {
                "slug": slug,
                "works": len(one.works),
                "common_from_more_than": one.limit,
                "nearest_median_bits": one.typical.median,
                "nearest_spread_bits": one.typical.spread,
                "pairs": len(one.ordered),
                "possible_pairs": one.possible,
                "unread": one.unread,
            }
            for slug, one in ranking.standings.items()
        ],
        "pairs": [
            {
                "rank": n,
                "left": [student(one) for one in entry.left],
                "right": [student(one) for one in entry.right],
                "evidence_bits": entry.strength,
                "z": entry.z,
                "stands_out": entry.stands_out,
                "exercises": _parts(entry, {one.part.slug: one for one in details.get(n - 1, ())}, anonymous),
            }
            for n, entry in enumerate(ranking.entries, 1)
        ],
        "note": "Similarity is no proof of copying. A person must look.",
    }


def write(data: dict[str, Any], path: Path) -> None:
    """Write what `record` gave to the file `path`, whole or not at all. Raises OSError."""
    write_atomically(path, msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n")


def _parts(entry: Entry, shown: dict[str, Detail], anonymous: bool) -> list[dict[str, Any]]:
    found = []
    for part in entry.parts:
        one: dict[str, Any] = {
            "slug": part.slug,
            "code_bits": part.code_bits,
            "trait_bits": part.trait_bits,
            "failure_bits": part.failure_bits,
            "evidence_bits": part.surprise,
            "z": part.z,
            "place": part.place,
        }
        if part.slug in shown:
            detail = shown[part.slug]
            one |= {
                "similarity": detail.similarity,
                "same_bytes": detail.same_bytes,
                "left": _side(detail.left, anonymous),
                "right": _side(detail.right, anonymous),
                "regions": [
                    {"left": list(region.left), "right": list(region.right), "bits": region.bits}
                    for region in detail.regions
                ],
                "shared": [
                    {"kind": trait.kind.value, "text": clean_line(trait.text, 200), "holders": count}
                    for trait, count in detail.shared
                ],
            }
        found.append(one)
    return found


def _side(side: Side, anonymous: bool) -> dict[str, Any]:
    return {
        "file": "" if anonymous else clean_line(side.work.file, 200),
        "sha256": side.work.sha256,
        "share_in_other": side.share_in_other,
        "parsed": side.exact,
    }
