"""The statement of an exercise as Markdown with maths, from the docstring of its stub.

A docstring has paragraphs, lists, `code`, and indented blocks. A block that lists names with their shapes becomes a
table, equations become maths, and every other block stays as it is, as code. An author who wants more writes `$...$`.
"""

from __future__ import annotations

import re

from grader.names import parse
from grader.notebooks.formula import derivative, is_equation, shape, tex
from grader.report.prose import Block, blocks

STATEMENT_MAX_CHARS = 20_000
_MATHS = re.compile(r"(\$\$?[^$\n]+\$\$?)")
_DERIVATIVE = re.compile(r"\bdL/d([A-Za-z]\w*)")
_FUNCTION = re.compile(r"\b(?:sqrt|log|exp)\([\w\s.+*/-]+\)")
_COLUMNS = re.compile(r" {2,}")


def markdown(docstring: str) -> tuple[str, str]:
    """The title (the first line, without its full stop) and the rest of a statement as Markdown."""
    first, _, rest = docstring.strip("\n").partition("\n")
    body = "\n\n".join(_set(block) for block in blocks(rest, STATEMENT_MAX_CHARS))
    return _prose(first.strip().removesuffix(".")), body


def _set(block: Block) -> str:
    if block.verbatim:
        return _block("".join(span.text for span in block.spans))
    # One by one, so that nothing between backticks is touched.
    return "".join(f"`{span.text}`" if span.code else _prose(span.text) for span in block.spans)


def _block(text: str) -> str:
    lines = [line for line in text.split("\n") if line.strip()]
    table = _table(lines)
    if table:
        return table
    if all(is_equation(line) for line in lines):
        return "\n\n".join(f"$$\n{tex(line)}\n$$" for line in lines)
    language = "python" if parse(text) is not None else "text"
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def _table(lines: list[str]) -> str:
    """Names with their shapes and what is to be said of them; empty if the block is none."""
    rows = [_COLUMNS.split(line.strip(), maxsplit=2) for line in lines]
    if not all(len(row) > 1 and re.fullmatch(r"[A-Za-z_]\w*", row[0]) for row in rows):
        return ""
    if not any(shape(row[1]) or _remark(row[-1]).startswith("$") for row in rows):
        return ""
    made = ["| | shape | |", "|---|---|---|"]
    for name, second, *third in rows:
        # What is no shape may be a remark: "any shape, a single number () too".
        set_shape = shape(second)
        middle = f"${set_shape}$" if set_shape else _remark(second)
        made.append(f"| `{name}` | {middle} | {_remark(third[0] if third else '')} |".replace("|  |", "| |"))
    return "\n".join(made)


def _remark(text: str) -> str:
    """A cell of a table: a formula, a formula with a remark behind it, or text."""
    text = " ".join(text.split())
    made = tex(text)
    if made:
        return f"${made}$"
    before, comma, after = text.partition(", ")
    while comma:
        made = tex(before)
        if made:
            return f"${made}$, {_cell(after)}"
        more, comma, after = after.partition(", ")
        before = f"{before}, {more}"
    return _cell(text)


def _cell(text: str) -> str:
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if part.startswith("`") else _prose(part) for part in parts).replace("|", "\\|")


def _prose(text: str) -> str:
    """Text with its own maths, in which nothing else means something to Markdown."""
    parts = _MATHS.split(text)
    return "".join(part if index % 2 else _plain(part) for index, part in enumerate(parts))


def _plain(text: str) -> str:
    if found := _FUNCTION.search(text):
        made = tex(found[0])
        middle = f"${made}$" if made else _escaped(found[0])
        return f"{_escaped(text[: found.start()])}{middle}{_plain(text[found.end() :])}"
    return _escaped(text)


def _escaped(text: str) -> str:
    text = re.sub(r"([*<])", r"\\\1", text)
    text = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)
    text = re.sub(r"(?m)^(\s*)([#>])", r"\1\\\2", text)
    return _DERIVATIVE.sub(lambda found: f"${derivative(found[1])}$", text)
