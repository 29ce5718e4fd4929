"""The format of Gradescope's `results.json`, as strictly as it is documented. Shares nothing with the writer."""

from __future__ import annotations

import json
import math
from typing import Any

_FORMATS = {"text", "html", "simple_format", "md", "ansi"}
_VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(value: Any) -> bool:
    # \n only, no control characters; surrogates have no UTF-8.
    return (
        isinstance(value, str)
        and all(c == "\n" or c == "\t" or c.isprintable() or ord(c) > 0x9F for c in value)
        and (value.encode("utf-8") is not None)
    )


def _one_of(allowed: set[str]) -> Any:
    return lambda value: isinstance(value, str) and value in allowed


def _reject(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


_TOP = {
    "score": _is_number,
    "execution_time": _is_number,
    "output": _text,
    "output_format": _one_of(_FORMATS),
    "test_output_format": _one_of(_FORMATS),
    "test_name_format": _one_of(_FORMATS),
    "visibility": _one_of(_VISIBILITIES),
    "stdout_visibility": _one_of(_VISIBILITIES),
    "extra_data": lambda value: isinstance(value, dict),
    "tests": lambda value: isinstance(value, list),
    "leaderboard": lambda value: isinstance(value, list),
}
_TEST = {
    "score": _is_number,
    "max_score": _is_number,
    "status": _one_of({"passed", "failed"}),
    "name": _text,
    "name_format": _one_of(_FORMATS),
    "number": lambda value: isinstance(value, str),
    "output": _text,
    "output_format": _one_of(_FORMATS),
    "tags": lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    "visibility": _one_of(_VISIBILITIES),
    "extra_data": lambda value: isinstance(value, dict),
}


def read(raw: bytes) -> dict[str, Any]:
    """The results, if every field is a documented one with a documented value and the whole can be shown."""
    value = json.loads(raw.decode("utf-8"), parse_constant=_reject)
    assert isinstance(value, dict)
    _fields(value, _TOP, "results")
    tests = value.get("tests", [])
    for number, test in enumerate(tests):
        assert isinstance(test, dict)
        _fields(test, _TEST, f"tests[{number}]")
        scored = {"score", "max_score"} & set(test)
        assert scored in (set(), {"score", "max_score"}), f"tests[{number}] has half of a score"
        assert scored or "status" in test, f"tests[{number}] says nothing"
        if scored:
            assert 0 <= test["score"] <= test["max_score"]
            assert test.get("status", "passed") == ("passed" if test["score"] == test["max_score"] else "failed")
    assert "score" in value or any("score" in test for test in tests), "there is no score at all"
    numbers = [test["number"] for test in tests if "number" in test]
    assert len(set(numbers)) == len(numbers)
    assert len(raw) < 1 << 20
    return value


def _fields(value: dict[str, Any], known: dict[str, Any], where: str) -> None:
    for name, inner in value.items():
        assert name in known, f"{where}: no field is called {name}"
        assert known[name](inner), f"{where}.{name}: {inner!r}"
