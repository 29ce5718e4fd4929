"""Turn what only IPython understands into Python that does nothing, line for line.

Magics (`%`, `%%`), shell lines (`!`) and help (`?`) become `pass` with the old line as a comment. The rules are those
of IPython's input transformer; line numbers stay as they are.
"""

from __future__ import annotations

import ast
import re
import warnings

# These run the rest of the cell in the notebook, so what it defines stays. The other cell magics hand it to another
# program, write it to a file, or run it in a namespace that is thrown away.
BODY_RUNS = frozenset({"time", "capture", "prun", "debug", "memit", "mprun", "wandb", "scalene", "snakeviz", "heat"})
_CELL_MAGIC = re.compile(r"%%(!|[A-Za-z_][\w.]*)")
_PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: |$)")
_INPUT_PROMPT = re.compile(r"In ?\[\d*\]: ?")
_ASSIGNED = re.compile(r"[\w\s.,\[\]'\"()*]+=\s*(?:%\s*[A-Za-z_]|!)")
_QUOTES = re.compile(r"'''|\"\"\"|'|\"")


class UnreadableCell(Exception):  # noqa: N818  the cell is what it is about
    """Python can't read the cell. `line` is that in the cell, 0 when unknown; the text says what is wrong."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__(text)
        self.line = line


def parse(source: str) -> tuple[str, ast.Module]:
    """The cell as plain Python with as many lines, and its syntax tree. Raises UnreadableCell."""
    try:
        return source, _tree(source)
    except UnreadableCell as error:
        plain = neutralised(source)
        if plain == source:
            raise error from None
        return plain, _tree(plain)


def dropped_magic(source: str) -> str:
    """The cell magic that keeps the cell from running as Python, such as "writefile"; empty without one."""
    for line in source.split("\n"):
        if not line.strip():
            continue
        magic = _CELL_MAGIC.match(line.strip())
        if magic is None:
            return ""
        if magic[1] not in BODY_RUNS:
            return magic[1]
    return ""


def neutralised(source: str) -> str:
    """The cell without anything that only IPython understands; the number of lines stays."""
    lines = _unprompted(_dedented(source.split("\n")))
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        magic = _CELL_MAGIC.match(line.strip())
        if magic is None:
            break
        if magic[1] not in BODY_RUNS:
            return "\n".join(f"# {rest}" if rest.strip() else "" for rest in lines)
        lines[number] = f"pass  # {line.strip()}"
    return "\n".join(_without_line_magics(lines))


def _tree(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes: not ours to complain about
            return ast.parse(source)
    except SyntaxError as error:
        raise UnreadableCell(error.msg or "invalid syntax", error.lineno or 0) from None
    except (RecursionError, MemoryError):
        raise UnreadableCell("it is nested too deeply", 0) from None
    except ValueError as error:  # a zero byte, half a surrogate pair
        raise UnreadableCell(str(error) or "it is no text", 0) from None


def _dedented(lines: list[str]) -> list[str]:
    """Without the indentation of the first line, as IPython takes it off a cell that was pasted."""
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    return [line.removeprefix(indent) for line in lines] if indent else list(lines)


def _unprompted(lines: list[str]) -> list[str]:
    """Without the `>>> ` or `In [1]: ` of lines that were copied from a session."""
    first = next((line for line in lines if line.strip()), "")
    for prompt in (_PROMPT, _INPUT_PROMPT):
        if prompt.match(first):
            return [prompt.sub("", line, count=1) if prompt.match(line) else line for line in lines]
    return lines


def _without_line_magics(lines: list[str]) -> list[str]:
    done: list[str] = []
    depth, quote = 0, ""  # of brackets and of a string that go on from the line before
    continues = False
    number = 0
    while number < len(lines):
        line = lines[number]
        begins = not depth and not quote and not continues
        after = _scan(line, depth, quote)
        if begins and (_is_special(line) or after.asks):
            while True:
                line = lines[number]
                stripped = line.lstrip(" \t")
                indent = line[: len(line) - len(stripped)]
                done.append(f"{indent}pass  # {stripped}".rstrip("\\"))
                number += 1
                if not line.endswith("\\") or number == len(lines):
                    break
            continue
        depth, quote, continues = after.depth, after.quote, after.continues
        done.append(line)
        number += 1
    return done


def _is_special(line: str) -> bool:
    start = line.lstrip(" \t")
    return start[:1] in ("%", "!", "?") or _ASSIGNED.match(start[:500]) is not None


class _After:
    """The state at the end of a line, and whether it asks for help: a `?` that is neither text nor comment."""

    __slots__ = ("asks", "continues", "depth", "quote")

    def __init__(self, depth: int, quote: str, *, continues: bool, asks: bool) -> None:
        self.depth, self.quote, self.continues, self.asks = depth, quote, continues, asks


def _scan(line: str, depth: int, quote: str) -> _After:
    at, code_end = 0, ""
    while at < len(line):
        if quote:
            if line[at] == "\\":
                at += 2
            elif line.startswith(quote, at):
                at += len(quote)
                quote, code_end = "", "'"
            else:
                at += 1
            continue
        char = line[at]
        if char == "#":
            break
        if found := _QUOTES.match(line, at):
            quote = found[0]
            at += len(quote)
            continue
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth = max(0, depth - 1)
        if not char.isspace():
            code_end = char
        at += 1
    continues = line.endswith("\\")
    if len(quote) == 1 and not continues:
        quote = ""  # a string of one line ends with it, closed or not
    return _After(depth, quote, continues=continues and not quote, asks=code_end == "?" and not depth)
