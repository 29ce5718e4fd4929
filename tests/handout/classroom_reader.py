"""What GitHub does: the log of a step, its outputs, and Classroom's reporter. Written from their own source and pages.

Shares nothing with the writer.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

_COMMAND = re.compile(r"^\s*(?:::|##\[)")


def outputs(text: str) -> dict[str, str]:
    """The outputs of a step: lines NAME=VALUE; the last one of a name counts."""
    found = {}
    for line in text.split("\n"):
        if line:
            name, mark, value = line.partition("=")
            assert mark == "=", line
            assert re.fullmatch(r"[A-Za-z_][\w-]*", name)
            found[name] = value
    return found


def environment(values: dict[str, str]) -> dict[str, str]:
    """The variables of the reporter's step; a variable has at most 128 KiB."""
    found = {f"{name.upper()}_RESULTS": value for name, value in values.items()}
    assert all(len(f"{name}={value}") < 128 * 1024 for name, value in found.items())
    return found


def report(runners: str, environ: dict[str, str]) -> tuple[float, float, str, list[dict[str, Any]]]:
    """The points, the most that were possible, how the job ends, and the results, as the reporter reads them."""
    results = []
    for runner in runners.split(","):
        raw = environ[f"{runner.strip().upper()}_RESULTS"]
        results.append(json.loads(base64.b64decode(raw, validate=True).decode("utf-8")))
    total = most = 0.0
    log: list[str] = []
    for one in results:
        assert one["version"] == 1
        assert one["status"] in {"pass", "fail", "error"}
        for test in one["tests"]:
            assert test["status"] in {"pass", "fail", "error"}
            assert isinstance(test["duration"], int)
            log += [test["name"], test["message"], test["test_code"], test["filename"]]
        if one.get("max_score"):
            most += one["max_score"]
            total += sum(test["score"] for test in one["tests"])
    for text in log:
        assert "\n" not in text
        assert not _COMMAND.match(text), text
    if any(one["status"] == "fail" for one in results):
        return total, most, "Some tests failed.", results
    if any(one["status"] == "error" for one in results):
        return total, most, "Some tests errored.", results
    return total, most, "", results


def commands(log: str) -> list[str]:
    """The lines of a log that are carried out: none between `stop-commands` and the word that it named."""
    found, word = [], ""
    for line in log.split("\n"):
        text = line.strip()
        if word:
            if text == f"::{word}::":
                word = ""
        elif stop := re.fullmatch(r"::stop-commands::(\S+)", text):
            word = stop[1]
        elif _COMMAND.match(line):
            found.append(text)
    assert not word, "commands were never allowed again"
    return found
