"""The table of docs/isolation.md, made from what the probes say in their headers.

python -m tests.sandbox.table    writes it anew
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from grader.sandbox import LAYERS
from tests.sandbox.probe import ALWAYS, USER, Probe, Stopper, read_all

DOCUMENT = Path(__file__).parents[2] / "docs" / "isolation.md"
BEGIN, END = "<!-- made by: python -m tests.sandbox.table -->\n", "<!-- end -->\n"
_COLUMNS = (*LAYERS, USER, ALWAYS)
_TITLES = {USER: "not root", ALWAYS: "always"}


def table() -> str:
    """All probes as Markdown, one table a kind."""
    parts = []
    for kind, probes in groupby(read_all(), key=lambda probe: probe.kind):
        head = ["| | " + " | ".join(_TITLES.get(column, column) for column in _COLUMNS) + " |"]
        head.append("|---|" + ":-:|" * len(_COLUMNS))
        rows = [f"| {probe.sentence} | " + " | ".join(_cell(probe, c) for c in _COLUMNS) + " |" for probe in probes]
        parts.append("\n".join([f"### {kind[0].upper()}{kind[1:]}", "", *head, *rows]))
    return "\n\n".join(parts) + "\n"


def _cell(probe: Probe, column: str) -> str:
    return " ".join(_mark(stopper, column) for stopper in probe.stoppers if column in stopper.parts)


def _mark(stopper: Stopper, column: str) -> str:
    others = sorted(stopper.parts - {column})
    if others:
        return f"with {', '.join(others)}"
    return f"yes ({stopper.abi})" if column == "landlock" and stopper.abi > 1 else "yes"


def written(text: str) -> str:
    """`text` with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    assert rest, f"{DOCUMENT} has no line {BEGIN!r}"
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8")), "utf-8")
