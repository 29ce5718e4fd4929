"""What a submission answered during a check: recorded as it comes, read only when the check has failed.

Two submissions that make the same mistake answer the same, up to rounding, whatever their variables are called: the
suite asks both the same questions about the same seeded inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import torch

from grader.worker.protocol import (
    Callback,
    Handle,
    Known,
    New,
    Products,
    ProtocolError,
    Raised,
    Reply,
    Result,
    Returned,
    TensorData,
)
from grader.worker.tensors import take

MAX_REPLIES = 2000
MAX_BYTES = 1 << 20
# Strides may make many elements of few bytes.
MAX_ELEMENTS = MAX_BYTES
# How far answers of the same mistake lie apart, relative to the largest number: float32 sums in another order.
RTOL = 1e-4
_PLAIN = ("builtins.", "torch.")


class Recorder:
    """Keeps the replies of one check, up to a size. Copying them is all that it costs a check that passes."""

    def __init__(self) -> None:
        self._replies: list[tuple[Reply, bytes]] = []
        self._room = MAX_BYTES

    def clear(self) -> None:
        """A check begins."""
        self._replies.clear()
        self._room = MAX_BYTES

    def add(self, reply: Reply, body: bytearray) -> None:
        """Keep a reply. Its body is copied: tensors share it, and may be written to."""
        self._room -= len(body)
        if self._room >= 0 and len(self._replies) < MAX_REPLIES:
            self._replies.append((reply, bytes(body)))
        else:
            self._room = -1

    def transcript(self) -> Transcript | None:
        """What was answered so far; None when that is nothing, too much to compare, or no sense at all."""
        if self._room < 0 or not self._replies:
            return None
        numbers = _Numbers()
        try:
            return Transcript([_reply(reply, bytearray(body), numbers) for reply, body in self._replies])
        except (ProtocolError, ValueError, TypeError, RuntimeError, RecursionError):
            return None  # a reply that broke the rules is here as it came

    def drop_last(self) -> None:
        """Leave out the last reply: it told something that the suite may know from an earlier check."""
        if self._replies:
            self._replies.pop()


class Transcript:
    """The answers of one check, in a form that does not depend on names and numbering."""

    def __init__(self, answers: list[Any]) -> None:
        self._answers = answers

    def equals(self, other: Transcript) -> bool:
        """Whether both say the same up to rounding."""
        return _same(self._answers, other._answers)

    def tensors(self) -> Iterator[torch.Tensor]:
        """All the numbers in it, as tensors."""
        return _tensors(self._answers)


def _tensors(answer: Any) -> Iterator[torch.Tensor]:
    if isinstance(answer, torch.Tensor):
        yield answer
    elif type(answer) is float:
        yield torch.tensor([answer], dtype=torch.float64)
    elif isinstance(answer, (list, tuple)):
        for one in answer:
            yield from _tensors(one)


class _Numbers(dict[int, int]):
    """Ids in the order in which they are met: what was there before the check has used up some."""

    def __missing__(self, id: int) -> int:
        self[id] = len(self)
        return self[id]


def _reply(reply: Reply, body: bytearray, numbers: _Numbers) -> Any:
    changed = [
        (numbers[state.id], _plain(state.data, body, numbers), _plain(state.grad, body, numbers), state.requires_grad)
        for state in reply.sync.tensors
        if state.id > 0  # the suite's own; others are numbered by the order in which the submission made them
    ]
    return _result(reply.result, body, numbers), changed


def _result(result: Any, body: bytearray, numbers: _Numbers) -> Any:
    match result:
        case Raised():
            kind = next((name for name in result.types if name.startswith(_PLAIN)), "")
            return "raised", kind, result.message
        case Returned():
            return (
                "returned",
                _plain(result.value, body, numbers),
                [_plain(value, body, numbers) for _, value in result.containers],
            )
        case Products():
            return "products", [_plain(one, body, numbers) for one in result.gradients]
        case Callback():
            return (
                "calls",
                [_plain(a, body, numbers) for a in result.args],
                [_plain(a, body, numbers) for _, a in result.kwargs],
            )
    return ("unknown",)


def _plain(value: Any, body: bytearray, numbers: _Numbers) -> Any:
    match value:
        case TensorData():
            return take(value, body)
        case New():
            return "tensor", take(value.data, body), value.requires_grad, value.parameter
        case Result():
            ours = sum(leaf.id > 0 for leaf in value.leaves)
            return "graph", take(value.data, body), ours, len(value.leaves)
        case Known(id):
            return "known", numbers[id] if id > 0 else -1
        case Handle():
            return "object", [name for name in value.types if name.startswith(_PLAIN)], value.is_class, value.callable
        case msgspec.Struct():
            return type(value).__name__, [
                _plain(getattr(value, name), body, numbers) for name in value.__struct_fields__
            ]
        case list() | tuple():
            return [_plain(item, body, numbers) for item in value]
    return value


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return _same_tensor(a, b)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float):
        return _same_tensor(torch.tensor(a), torch.tensor(b))
    return bool(a == b)


def _same_tensor(a: torch.Tensor, b: torch.Tensor) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype or a.device != b.device:
        return False
    if a.device.type == "meta" or a.numel() == 0:
        return True
    if not (a.dtype.is_floating_point or a.dtype.is_complex):
        return bool(torch.equal(a, b))
    if a.numel() > MAX_ELEMENTS:
        return False
    wide = torch.complex128 if a.dtype.is_complex else torch.float64
    x, y = a.to(wide), b.to(wide)
    finite = x[torch.isfinite(x)].abs()
    scale = float(finite.max()) if finite.numel() else 1.0
    return bool(torch.allclose(x, y, rtol=RTOL, atol=RTOL * scale, equal_nan=True))
