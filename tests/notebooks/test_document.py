"""Reading the code cells of a file, whatever else it is."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.notebooks.document import CODE_MAX_BYTES, NOTEBOOK_MAX_BYTES, NotebookError, code_cells
from tests.notebooks.files import STUBS, code, notebook, old_notebook, text
from tests.notebooks.files import read as read_cells


def sources(raw: bytes) -> list[tuple[int, str]]:
    return [(cell.number, cell.source) for cell in code_cells(raw)]


def cells(*made: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(made)} | more).encode()


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5])
def test_format_4_is_read_and_cells_are_numbered_among_all(minor: int) -> None:
    raw = notebook(text("# Title"), "a = 1", text("more"), "b = 2\nc = 3", minor=minor)
    assert sources(raw) == [(2, "a = 1"), (4, "b = 2\nc = 3")]


def test_format_3_is_upgraded_and_its_sheets_are_one_notebook() -> None:
    assert sources(old_notebook("a = 1", "b = 2\nc = 3")) == [(2, "a = 1"), (3, "b = 2\nc = 3")]


def test_a_source_may_be_a_list_of_lines_with_any_line_breaks() -> None:
    raw = cells({"cell_type": "code", "source": ["a = 1\r\n", "b = 2\r", "c = 3"]})
    assert sources(raw) == [(1, "a = 1\nb = 2\nc = 3")]


@pytest.mark.parametrize(
    "cell",
    [
        {"cell_type": "code", "source": "a"},
        {"cell_type": "code", "source": "a", "metadata": None, "outputs": 3, "id": [], "execution_count": "x"},
        {"cell_type": "code", "source": "a", "metadata": {"tags": "exercise:matmul", "grader": 3, "nbgrader": []}},
        {"cell_type": "code", "source": "a", "metadata": {"tags": [1, None, {}]}},
        {"cell_type": "code", "source": "a", "attachments": {"x": 1}, "surprise": [[[[]]]]},
    ],
)
def test_missing_and_odd_fields_are_tolerated(cell: dict[str, Any]) -> None:
    (found,) = code_cells(cells(cell))
    assert (found.source, found.tags) == ("a", frozenset())


@pytest.mark.parametrize("source", [3, None, {"a": 1}, ["a", 3], [["a"]]])
def test_a_source_that_is_no_text_is_empty(source: Any) -> None:
    assert sources(cells({"cell_type": "code", "source": source})) == [(1, "")]


def test_a_missing_version_is_told_from_the_fields() -> None:
    assert sources(b'{"cells": [{"cell_type": "code", "source": "a"}]}') == [(1, "a")]
    assert sources(b'{"worksheets": [{"cells": [{"cell_type": "code", "input": "a"}]}]}') == [(1, "a")]


def test_a_byte_order_mark_and_pythons_own_numbers_are_tolerated() -> None:
    output = '{"cell_type": "code", "source": "x = \'NaN\'", "outputs": [NaN, -Infinity, "NaN", Infinity]}'
    raw = f'\ufeff{{"nbformat": 4, "cells": [{output}]}}'.encode()
    assert sources(raw) == [(1, "x = 'NaN'")]


def test_half_a_surrogate_pair_costs_only_a_letter() -> None:
    source = rb'"a = \"\ud83d\ude00\\ud800 \ud800\""'
    raw = rb'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ' + source + rb', "o": "\udfff"}]}'
    assert sources(raw) == [(1, 'a = "😀\\ud800 \N{REPLACEMENT CHARACTER}"')]


HOSTILE = {
    "empty": (b"", "is not JSON, so it is no notebook; open it in Jupyter and save it again"),
    "text": (b"x = 1\n", "is not JSON, so it is no notebook"),
    "cut off": (notebook("a = 1")[:-30], "is not JSON"),
    "binary": (bytes(range(256)), "is not UTF-8"),
    "latin": (
        '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "é"}]}'.encode("latin-1"),
        "is not UTF-8; save it as UTF-8",
    ),
    "utf-16": ('{"cells": []}'.encode("utf-16"), "is saved as UTF-16; save it as UTF-8"),
    "list": (b"[]", "is JSON, but no notebook"),
    "number": (b"1e400", "is"),
    "cells a text": (b'{"cells": "x"}', "is JSON, but no notebook"),
    "cells of numbers": (b'{"cells": [1]}', "is JSON, but no notebook"),
    "cells of nothing": (b'{"cells": [' + b"{}," * 100 + b"{}]}", "is JSON, but no notebook"),
    "no cells": (b'{"nbformat": 4, "metadata": {}}', "has no cells, so it is no notebook"),
    "future": (b'{"nbformat": 5, "cells": []}', "is a notebook of format 5"),
    "past": (b'{"nbformat": 2, "worksheets": []}', "is a notebook of format 2"),
    "huge version": (b'{"nbformat": ' + b"9" * 4000 + b', "cells": []}', "is a notebook of format unknown number"),
    "deep": (b'{"cells": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", "is"),
    "deep output": (
        b'{"cells": [{"cell_type": "code", "o": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]}",
        "is nested too deeply for a notebook",
    ),
    "100,000 cells": (
        cells(*[{"cell_type": "code", "source": "x"}] * 100_000),
        "has 100,000 cells; the most is 10,000",
    ),
    "much code": (cells({"cell_type": "code", "source": "x" * (CODE_MAX_BYTES + 1)}), "KiB of code in its cells"),
    "another language": (
        json.dumps({"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"language": "R"}}}).encode(),
        "is a notebook for 'r', not for Python",
    ),
    "too big": (b" " * (NOTEBOOK_MAX_BYTES + 1), "has more than 32 MiB; clear its outputs"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_notebook_gets_one_clear_line(name: str) -> None:
    raw, start = HOSTILE[name]
    with pytest.raises(NotebookError) as caught:
        code_cells(raw)
    assert str(caught.value).startswith(start) or start in str(caught.value)
    assert "\n" not in str(caught.value)


def test_deep_metadata_of_a_cell_is_passed_over() -> None:
    raw = b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "a", "metadata": {"tags": ["x"], "y": '
    with pytest.raises(NotebookError, match="nested too deeply"):
        code_cells(raw + b"[" * 100_000 + b"]" * 100_000 + b"}}]}")
    (cell,) = code_cells(raw + b"[" * 400 + b"]" * 400 + b"}}]}")
    assert cell.tags == {"x"}


def test_huge_outputs_are_never_built() -> None:
    cell = code("a = 1")
    cell["outputs"] = [{"output_type": "display_data", "data": {"x": [[]] * 3_000_000}, "metadata": {}}]
    raw = cells(cell)
    tracemalloc.start()
    try:
        assert sources(raw) == [(1, "a = 1")]
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
SOURCE = JSON | st.text(alphabet="ab=()[]'\"\\#%!?\n\t :;,.", max_size=40) | st.lists(st.text(max_size=8), max_size=4)
CELL = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", 3])},
    optional={"source": SOURCE, "input": SOURCE, "metadata": JSON, "outputs": JSON, "language": JSON, "id": JSON},
)
NOTEBOOK = st.fixed_dictionaries(
    {},
    optional={
        "nbformat": st.sampled_from([3, 4]) | JSON,
        "nbformat_minor": JSON,
        "metadata": JSON,
        "cells": st.lists(CELL, max_size=4) | JSON,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": st.lists(CELL, max_size=3)}), max_size=2) | JSON,
    },
)


@settings(max_examples=60, deadline=None)
@given(NOTEBOOK | JSON)
def test_no_json_makes_reading_raise_anything_else(made: Any) -> None:
    from grader.notebooks.read import answers

    raw = json.dumps(made).encode("utf-8", "surrogatepass")
    try:
        said = [one.slug for one in answers(raw, "hw.ipynb", STUBS, asked="matmul")]
    except NotebookError as error:
        said = str(error).splitlines()
    assert len(said) == 1 or said[0] == "matmul"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_reading_raise_anything_else(raw: bytes) -> None:
    with pytest.raises(NotebookError):
        code_cells(raw)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="abMatul=()[]{}'\"\\#%!?@\n\t :;,.\x00\x0c\u2028", max_size=80))
def test_no_cell_makes_reading_raise(source: str) -> None:
    answer = read_cells(source, "class MatMul: pass", asked="matmul")["matmul"]
    assert (answer.source is None) == bool(answer.problem)
