"""Exceptions of student code, as text."""

from __future__ import annotations

from .protocol import MAX_CLASSES, MAX_FRAMES, MAX_NAME, MAX_TEXT, Raised, TraceFrame


class SuiteError(Exception):
    """An exception of the suite's own function, on its way back to the judge through the student's code."""

    def __init__(self, number: int, type_name: str, text: str) -> None:
        super().__init__(f"{type_name}: {text}")
        self.number = number


def raised(error: BaseException, file: str) -> Raised:
    """What to tell the judge about an exception: the frames are those of the submission's `file`."""
    number = error.number if isinstance(error, SuiteError) else 0
    traceback, frames, innermost = error.__traceback__, [], False
    while traceback is not None:
        innermost = traceback.tb_frame.f_code.co_filename == file
        if innermost:
            frames.append(TraceFrame(traceback.tb_lineno, plain(traceback.tb_frame.f_code.co_name)[:MAX_NAME]))
        traceback = traceback.tb_next
    if isinstance(error, SyntaxError) and error.filename == file and error.lineno:
        frames.append(TraceFrame(error.lineno, ""))
    if len(frames) > MAX_FRAMES:
        frames = frames[: MAX_FRAMES // 2] + frames[-MAX_FRAMES // 2 :]
    types_ = [qualified_name(c) for c in type(error).__mro__[:MAX_CLASSES]]
    return Raised(types_, _text(error), frames, innermost, number)


def _text(error: BaseException) -> str:
    """The message of an exception, cut and made encodable; `str` of it may itself raise."""
    try:
        if isinstance(error, SyntaxError):
            text = error.msg or ""
        elif isinstance(error, KeyError) and len(error.args) == 1:
            text = repr(error.args[0])
        else:
            text = str(error)
    except BaseException as problem:  # noqa: BLE001
        text = f"(its message cannot be shown: str() raised {type(problem).__name__})"
    return plain(text[:MAX_TEXT])[:MAX_TEXT]


def plain(text: str) -> str:
    """Text without lone surrogates, which UTF-8 does not have."""
    return text.encode("utf-8", "backslashreplace").decode()


def qualified_name(cls: type) -> str:
    """module.qualname of a class, bounded."""
    try:
        return plain(f"{cls.__module__}.{cls.__qualname__}")[:MAX_NAME]
    except Exception:  # noqa: BLE001  a metaclass may answer anything
        return "unknown"
