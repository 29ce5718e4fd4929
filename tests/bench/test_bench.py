"""The bench clocks functions by name: those names must go on to exist."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from tests.bench import others, probe, profile
from tests.bench.checks import Check

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


CHECKS = [Check("solutions/a/test_a.py", "test_one", 2), Check("solutions/a/test_a.py", "test_two", 1)]


def test_otter_gets_a_test_case_of_the_same_points_for_each_check() -> None:
    tree = ast.parse(others.otter_tests("a", CHECKS))
    cases = [one for one in tree.body if isinstance(one, ast.FunctionDef)]
    assert [case.name for case in cases] == ["test_one", "test_two"]
    assert [ast.unparse(case.decorator_list[0]) for case in cases] == [
        f"test_case(name='{check.name}', points={check.points})" for check in CHECKS
    ]
    assert [ast.unparse(case.body[0]) for case in cases] == [check.call("env") for check in CHECKS]


def test_nbgrader_gets_one_cell_to_solve_and_a_locked_one_of_the_same_points_for_each_check() -> None:
    about = [cell.metadata.nbgrader for cell in others.nbgrader_cells(CHECKS)]
    assert [(one.grade_id, one.solution, one.locked, one.get("points")) for one in about] == [
        ("a", True, False, None),
        ("a-test_one", False, True, 2),
        ("a-test_two", False, True, 1),
    ]


def test_points_that_differ_where_they_must_not_make_the_comparison_void(capsys: pytest.CaptureFixture[str]) -> None:
    work = others.Homework(CHECKS, {"s0-reference": {}, "s1-wrong": {}})
    assert others.agree(work, {"this": {"s0-reference": 3, "s1-wrong": 2}})
    assert not others.agree(work, {"this": {"s0-reference": 3, "s1-wrong": 3}})
    assert "this gives 3 of 3 to s1-wrong" in capsys.readouterr().out
    assert not others.agree(work, {"this": {"s0-reference": 2, "s1-wrong": 2}})
