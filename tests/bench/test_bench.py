"""The bench clocks functions by name: those names must go on to exist."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.bench import probe, profile

IN_WORKER = [(f"worker.{module}", path) for module, path, _ in (*probe.CLOCKS, probe.BECOMING, probe.REHEARSING)]
IN_JUDGE = [(module, path) for module, path, _ in profile.CLOCKS]


@pytest.mark.parametrize(("module", "path"), IN_WORKER + IN_JUDGE)
def test_what_is_clocked_exists(module: str, path: str) -> None:
    owner, name = probe.owner_of(importlib.import_module(f"grader.{module}"), path)
    assert callable(getattr(owner, name))


def test_the_sums_of_all_processes_are_added(tmp_path: Path) -> None:
    sums = tmp_path / "sums"
    data = bytearray(probe.SIZE)
    fork = probe.NAMES.index("fork") * probe.PAIR.size
    probe.PAIR.pack_into(data, fork, 0.5, 2)
    probe.PAIR.pack_into(data, 7 * probe.PART + fork, 0.25, 1)
    sums.write_bytes(data)
    found = probe.read(str(sums))
    assert found.pop("fork") == (0.75, 3)
    assert set(found.values()) == {(0.0, 0)}
