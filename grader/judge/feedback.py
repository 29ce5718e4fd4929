"""How a check ended, in words for the student, from the exception that ended it.

The traceback belongs to the suite and is never shown. What is shown: the call that was made, what came back, what was
expected, and the student's own frames.
"""

from __future__ import annotations

import difflib
import errno
import re
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import msgspec
import pytest
from torch.autograd.gradcheck import GradcheckError

from grader.compare import Compared, Mismatch, compare, describe
from grader.gradients import explain_gradcheck
from grader.judge.channel import OUT_OF_MEMORY, WorkerLostError
from grader.judge.client import Client
from grader.judge.errors import StudentError, UnsupportedError
from grader.model import Figure, Frame, Outcome
from grader.sandbox import SandboxError

EXCERPT = 2  # lines of source before and after the line of a frame
MAX_MESSAGE = 4000


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a check with what there is to say about it.

    `detail` is for the author of the suite. `about_import` says that the check was the first to import the file, and
    failed at that: its own hint would lead astray. `compared` are the tensors that differ, where two were compared.
    """

    outcome: Outcome
    message: str = ""
    hint: str = ""
    got: str = ""
    expected: str = ""
    frames: tuple[Frame, ...] = ()
    figure: Figure | None = None
    detail: str = ""
    about_import: bool = False
    compared: Compared | None = None


class Source(msgspec.Struct, frozen=True):
    """The student's file: its name and its lines."""

    file: str
    lines: tuple[str, ...]


def explain(error: BaseException, client: Client | None, source: Source) -> Feedback:
    """The feedback for the exception that a check ended with. Whatever the student's objects do, it raises nothing."""
    try:
        return _explain(error, client, source)
    except (StudentError, WorkerLostError) as again:
        # Comparing once more, to say what differs, had to ask the submission something.
        return _explain(again, client, source)
    except Exception as again:  # noqa: BLE001  a student's objects answer as they like
        return _explain_stop(again, None)


def _explain(error: BaseException, client: Client | None, source: Source) -> Feedback:
    lost = client.channel.lost if client is not None else None
    if lost is not None:
        # Whatever the suite made of it: the worker was gone.
        return Feedback(outcome=lost.outcome, message=lost.message)
    match error:
        case WorkerLostError(outcome=outcome, message=message):
            return Feedback(outcome=outcome, message=message)
        case StudentError():
            return _explain_student(error, client, source)
        case Mismatch():
            return _from_mismatch(error)
        case GradcheckError():
            return _from_mismatch(explain_gradcheck(error))
        case pytest.skip.Exception():
            return Feedback(outcome=Outcome.SKIPPED, message=str(error.msg))
        case UnsupportedError() | SandboxError():
            return Feedback(outcome=Outcome.INTERNAL_ERROR, detail=str(error))
        case pytest.fail.Exception():
            return Feedback(outcome=Outcome.FAILED, message=_failed_text(error))
        case AssertionError():
            return _explain_assertion(error, client)
    return _explain_stop(error, client)


def _from_mismatch(error: Mismatch) -> Feedback:
    return Feedback(
        outcome=Outcome.FAILED,
        message=error.message,
        hint=error.hint,
        got=error.got,
        expected=error.expected,
        figure=error.figure,
        compared=error.compared,
    )


# ---- exceptions of the student's code ----


def _explain_student(error: StudentError, client: Client | None, source: Source) -> Feedback:
    frames = tuple(_frames(error, source))
    if "builtins.NotImplementedError" in error.types and error.innermost:
        where = f" (line {frames[-1].line})" if frames else ""
        return Feedback(outcome=Outcome.NOT_IMPLEMENTED, message=f"Not implemented yet{where}.")
    if _is_memory(error):
        return Feedback(
            outcome=Outcome.OUT_OF_MEMORY,
            message=OUT_OF_MEMORY,
            frames=frames,
        )
    limit = _exceeded(error)
    if limit is not None:
        return Feedback(outcome=limit[0], message=_cut(limit[1]), frames=frames)
    if isinstance(error, AttributeError) and not frames:
        return Feedback(outcome=Outcome.FAILED, message=_missing(error, client, source))
    if "builtins.SyntaxError" in error.types and frames:
        at = frames[-1].line
        return Feedback(
            outcome=Outcome.RAISED, message=f"Python cannot read line {at}: {error.message}.", frames=frames
        )
    return Feedback(outcome=Outcome.RAISED, message=_cut(f"Your code raised {error}"), frames=frames)


def _is_memory(error: StudentError) -> bool:
    if "builtins.MemoryError" in error.types or "torch.OutOfMemoryError" in error.types:
        return True
    # What torch's CPU allocator says when the operating system refuses; it is a plain RuntimeError.
    return "DefaultCPUAllocator" in error.message and "memory" in error.message


_FULL = (errno.EFBIG, errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EPERM, errno.EACCES)


def _exceeded(error: StudentError) -> tuple[Outcome, str] | None:
    """The limit that an exception tells of. What it says comes from the submission, and so concerns only that."""
    if "can't start new thread" in error.message:
        return Outcome.OUT_OF_THREADS, "Your code started more threads than it may."
    number = re.search(r"\[Errno (\d{1,3})\]", error.message) if "builtins.OSError" in error.types else None
    if number is None:
        return None
    if int(number.group(1)) in _FULL:
        return Outcome.OUT_OF_DISK, f"Your code wrote more to files than it may: {error.message}."
    if int(number.group(1)) in _FORBIDDEN:
        return Outcome.NOT_PERMITTED, (
            "Submitted code may not start programs or processes, use the network, or reach files outside its own "
            f"folder. Python says: {error}"
        )
    return None


def _missing(error: StudentError, client: Client | None, source: Source) -> str:
    # Close matches take time with the square of a name's length.
    found = re.search(r"has no attribute '(\w{1,80})'", error.message)
    if found is None:
        return _cut(f"{error.message}.")
    name = found.group(1)
    if not error.message.startswith("module "):
        return _cut(f"{error.message[:1].upper()}{error.message[1:]}.")
    near = difflib.get_close_matches(name, _defined(client), n=1, cutoff=0.6)
    ask = f" It defines `{near[0]}`: is that what you mean?" if near else ""
    return f"{source.file} defines no `{name}`.{ask}"


def _defined(client: Client | None) -> list[str]:
    if client is None:
        return []
    try:
        names = client.operate("dir", client.root)
    except (StudentError, WorkerLostError):
        return []
    if not isinstance(names, list):
        return []
    return [n for n in names[:2000] if isinstance(n, str) and len(n) <= 80 and not n.startswith("_")]


def _frames(error: StudentError, source: Source) -> Iterator[Frame]:
    for frame in error.frames:
        if not 1 <= frame.line <= len(source.lines):
            continue
        first = max(1, frame.line - EXCERPT)
        last = min(len(source.lines), frame.line + EXCERPT)
        yield Frame(
            file=source.file,
            line=frame.line,
            function=frame.function,
            first_line=first,
            excerpt=tuple(line[:400] for line in source.lines[first - 1 : last]),
        )


# ---- exceptions of the suite ----


def _failed_text(error: BaseException) -> str:
    text = str(getattr(error, "msg", "") or "")
    raised = re.match(r"DID NOT RAISE (?:<class ')?(?:\w+\.)*(\w+)?", text)
    if raised is None:
        return _cut(text)
    return f"This call should raise {raised.group(1) or 'an exception'}, but it returned normally."


def _explain_assertion(error: AssertionError, client: Client | None) -> Feedback:
    close = _frame_of(error.__traceback__, "assert_close")
    if close is not None and {"actual", "expected"} <= close.keys():
        mismatch = compare(
            close["actual"],
            close["expected"],
            of="The result",
            rtol=close.get("rtol"),
            atol=close.get("atol"),
        )
        if mismatch is not None:
            return _from_mismatch(mismatch)
        return Feedback(outcome=Outcome.FAILED, message="The result is not the expected one.", got=_got(client))
    # The author's own words; a bare assert has none, and its source is not for students.
    text = error.args[0] if error.args and isinstance(error.args[0], str) else ""
    message = _cut(text) if text else "The promise in the title does not hold."
    return Feedback(outcome=Outcome.FAILED, message=message, got="" if text else _got(client))


_SENTENCES = (
    (
        r"element 0 of tensors does not require grad",
        "No gradient can flow: the result does not depend on anything that requires a gradient, "
        "as far as autograd knows.",
    ),
    (
        r"appears to not have been used in the graph",
        "No gradient can flow to one of the tensors: the result does not depend on it, as far as autograd knows.",
    ),
    (r"backward through the graph a second time", "The graph of the result was used up before."),
)


def _explain_stop(error: BaseException, client: Client | None) -> Feedback:
    """The suite stopped on what it was given: None instead of a tensor, say."""
    text = str(error)
    for pattern, sentence in _SENTENCES:
        if re.search(pattern, text):
            return Feedback(outcome=Outcome.FAILED, message=sentence, got=_got(client))
    # These say what kind of thing was wrong, never a value.
    said = text.partition("\n")[0] if isinstance(error, (TypeError, AttributeError)) else ""
    message = "The check could not go on with what your code returned"
    return Feedback(
        outcome=Outcome.FAILED,
        message=_cut(f"{message}: {said}." if said else f"{message}."),
        got=_got(client),
        detail=f"{type(error).__name__}: {text}",
    )


def _got(client: Client | None) -> str:
    return "" if client is None or not client.last_call else describe(client.last_value)


def _frame_of(traceback: TracebackType | None, function: str) -> dict[str, Any] | None:
    found = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_name == function:
            found = traceback.tb_frame.f_locals
        traceback = traceback.tb_next
    return found


def _cut(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"
