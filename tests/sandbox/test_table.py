"""The documentation says what the probes show."""

from __future__ import annotations

from tests.sandbox import table


def test_the_table_in_the_documentation_is_that_of_the_probes() -> None:
    text = table.DOCUMENT.read_text("utf-8")
    assert text == table.written(text), "run: python -m tests.sandbox.table"
