"""Run the suites of a course on many files in this one process, and print the outcome of each check as JSON.

python run_in_process.py SEED < files.json, where files.json is [[suite, file], ...]. The suites run as with
`pytest solutions/ --submission FILE`, but in one pytest session for all files.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from grader.judge.items import check_id, run_item
from grader.pytest_plugin import InProcess, passed_key, seed_key, submissions_key


class Loop:
    """The pytest plugin that runs the items of a suite once for each of its files."""

    def __init__(self, files: list[tuple[str, str]], seed: int) -> None:
        self._files = files
        self._seed = seed
        self.outcomes: list[dict[str, str]] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        warnings.simplefilter("ignore")
        session.config.stash[seed_key] = self._seed
        for suite, file in self._files:
            items = [i for i in session.items if i.path == Path(suite) and isinstance(i, pytest.Function)]
            session.config.stash[submissions_key] = InProcess(file)
            session.config.stash[passed_key].clear()
            self.outcomes.append(self._run(items))
        return True

    def _run(self, items: list[Any]) -> dict[str, str]:
        outcomes = {}
        for item, following in zip(items, [*items[1:], None], strict=True):
            error = run_item(item, following)
            if error is None:
                item.config.stash[passed_key].add((item.path, item.name))
            skipped = isinstance(error, pytest.skip.Exception)
            outcomes[check_id(item)] = "passed" if error is None else "skipped" if skipped else "not passed"
        return outcomes


def main() -> None:
    """Read the list of files, run, print."""
    files = [(suite, file) for suite, file in json.load(sys.stdin)]
    loop = Loop(files, int(sys.argv[1]))
    suites = sorted({suite for suite, _ in files})
    pytest.main(["-q", "-s", "-p", "no:cacheprovider", "--assert=plain", "-c", "/dev/null", *suites], plugins=[loop])
    print("\n" + json.dumps(loop.outcomes))


if __name__ == "__main__":
    main()
