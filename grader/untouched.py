"""Whether a submission is what students got: then another file for its exercise, with work in it, counts.

A hand-out may have an exercise as a file and as a notebook. Who works on one of them hands in the other as it was.
"""

from __future__ import annotations

import ast
import warnings

MORE_CHARS_MAX = 16 * 1024
"""So much may stand in an untouched file besides what the stub has twice over: comments, the map of a notebook."""


def is_untouched(source: str, stub: str) -> bool:
    """Whether `source` has no statement but those of `stub`. Imports, comments and docstrings say nothing here.

    False for an empty file and where Python can't parse one of them: somebody has worked on it.
    """
    if source and source == stub:
        return True
    if len(source) > 2 * len(stub) + MORE_CHARS_MAX:  # to take a long one apart costs seconds
        return False
    try:
        found = _statements(source)
        return bool(found) and found <= _statements(stub)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _statements(source: str) -> set[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the student's own escapes
        tree = ast.parse(source.removeprefix("\ufeff"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [one for one in node.body if not _says_nothing(one)] or [ast.Pass()]
    return {ast.dump(one) for one in tree.body if not isinstance(one, ast.Pass)}


def _says_nothing(node: ast.stmt) -> bool:
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Import | ast.ImportFrom | ast.Pass)
