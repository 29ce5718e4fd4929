"""Notebook files of every format, made by the library that defines them."""

from __future__ import annotations

import json
from typing import Any

import nbformat
from nbformat import v3, v4

from grader.notebooks.read import Answer, answers

STUBS = {
    "matmul": '"""Multiply."""\n\nimport torch\n\n\nclass MatMul(torch.autograd.Function):\n    pass\n',
    "linear": "class Linear:\n    pass\n",
    "device": "def best_device():\n    pass\n\n\ndef move_batch(batch, device):\n    pass\n",
}


def notebook(*cells: str | dict[str, Any], minor: int = 5) -> bytes:
    """A notebook of format 4 with these code cells; a dict is a whole cell."""
    made = v4.new_notebook(cells=[one if isinstance(one, dict) else code(one) for one in cells])
    made["nbformat_minor"] = minor
    for cell in made["cells"]:
        if minor < 5:
            cell.pop("id", None)
    nbformat.validate(made)
    return json.dumps(made).encode()


def code(source: str, *tags: str, **metadata: Any) -> dict[str, Any]:
    """A code cell with an output."""
    if tags:
        metadata["tags"] = list(tags)
    made = v4.new_code_cell(source, metadata=metadata, execution_count=3)
    made["outputs"] = [v4.new_output("stream", text="loss 0.1\n")]
    return dict(made)


def text(source: str) -> dict[str, Any]:
    """A Markdown cell."""
    return dict(v4.new_markdown_cell(source))


def old_notebook(*cells: str) -> bytes:
    """A notebook of format 3, with a heading in front of the code cells and each in a work sheet of its own."""
    sheets = [v3.new_worksheet(cells=[v3.new_code_cell(input=one, prompt_number=1)]) for one in cells]
    first = v3.new_worksheet(cells=[v3.new_heading_cell("Homework", level=1)])
    made = v3.new_notebook(worksheets=[first, *sheets])
    return str(nbformat.writes(made, version=3)).encode()


def read(*cells: str | dict[str, Any], asked: str = "") -> dict[str, Answer]:
    """What a notebook of these cells, called hw.ipynb, holds, by slug."""
    return {one.slug: one for one in answers(notebook(*cells), "hw.ipynb", STUBS, asked=asked)}


def body(answer: Answer) -> str:
    """The source of an answer without its first line, and without empty lines."""
    assert answer.source is not None
    return "\n".join(line for line in answer.source.split("\n")[1:] if line)
