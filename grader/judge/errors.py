"""Exceptions of student code, as the suite sees them."""

from __future__ import annotations

import builtins

from grader.worker.protocol import Raised, TraceFrame


class StudentError(Exception):
    """An exception that student code raised, arrived as text.

    When its type is a builtin exception, or a subclass of one, so is the type of this: `pytest.raises(ValueError)`
    works. Exceptions that would end the judge's own session (SystemExit, KeyboardInterrupt) are only this.
    """

    def __init__(self, raised: Raised) -> None:
        super().__init__(raised.message)
        self.type_name = raised.types[0].rpartition(".")[2] if raised.types else "Exception"
        self.message = raised.message
        self.frames: list[TraceFrame] = raised.frames
        self.innermost = raised.innermost
        self.types = raised.types

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}" if self.message else self.type_name


class UnsupportedError(Exception):
    """A suite asked for something that cannot cross the wire: the author's fault, never the student's."""


_KEPT = {
    f"builtins.{name}": getattr(builtins, name)
    for name in (
        "ArithmeticError", "AssertionError", "AttributeError", "BufferError", "EOFError", "FileNotFoundError",
        "FloatingPointError", "ImportError", "IndexError", "KeyError", "LookupError", "MemoryError",
        "ModuleNotFoundError", "NameError", "NotImplementedError", "OSError", "OverflowError", "PermissionError",
        "RecursionError", "RuntimeError", "StopIteration", "TimeoutError", "TypeError", "ValueError",
        "ZeroDivisionError",
    )
}  # fmt: skip
_classes: dict[type[BaseException], type[StudentError]] = {}


def student_error(raised: Raised) -> StudentError:
    """The exception to raise in the judge for one that student code raised."""
    for name in raised.types:
        kept = _KEPT.get(name)
        if kept is not None:
            if kept not in _classes:
                _classes[kept] = type(kept.__name__, (StudentError, kept), {"__module__": __name__})
            return _classes[kept](raised)
    return StudentError(raised)
