"""A check is an item of pytest: how to run it again and again, and what its author says about it."""

from __future__ import annotations

import contextlib
import inspect
import sys

import pytest


def run_item(item: pytest.Function, following: pytest.Item | None) -> BaseException | None:
    """Run one item as pytest does, without its reports; the exception that it ended with, or None."""
    item._initrequest()
    hook = item.ihook
    error: BaseException | None = None
    try:
        hook.pytest_runtest_setup(item=item)
        hook.pytest_runtest_call(item=item)
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # noqa: BLE001  outcomes of pytest are not Exceptions
        error = problem
    try:
        hook.pytest_runtest_teardown(item=item, nextitem=following)
    except Exception as problem:  # noqa: BLE001
        error = error or problem
    item.funcargs.clear()
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        # pytest leaves them for a debugger; they would keep a whole check's tensors alive.
        with contextlib.suppress(AttributeError):
            delattr(sys, name)
    return error


def check_id(item: pytest.Item) -> str:
    """The name of a check within its suite."""
    return item.nodeid.partition("::")[2]


def title(item: pytest.Function) -> str:
    """What students read: the first paragraph of the docstring, or else the name."""
    doc = inspect.getdoc(item.obj)
    if doc:
        return " ".join(doc.partition("\n\n")[0].split())
    return item.originalname.removeprefix("test_").replace("_", " ")


def points(item: pytest.Item) -> float:
    """What a check is worth."""
    mark = item.get_closest_marker("points")
    return float(mark.args[0]) if mark is not None else 1.0


def hint(item: pytest.Item) -> str:
    mark = item.get_closest_marker("hint")
    return str(mark.args[0]) if mark is not None else ""
