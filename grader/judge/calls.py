"""How a call of the submission is written in a message: `Linear(4, 3)(float32 (5, 4))`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from grader.compare import dtype_name
from grader.judge.proxy import is_proxy, label


def arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[str]:
    for value in args[:8]:
        yield _brief(value)
    if len(args) > 8:
        yield "..."
    for name, value in list(kwargs.items())[:8]:
        yield f"{name}={_brief(value)}"


def _brief(value: Any) -> str:
    """An argument by shape and dtype; small plain values as they are, since the statement names them."""
    if isinstance(value, torch.Tensor):
        return f"{dtype_name(value.dtype)} {tuple(value.shape)}"
    if is_proxy(value):
        return label(value)[:60] or "..."
    if value is None or type(value) in (bool, int):
        return repr(value)
    if type(value) is float:
        return f"{value:g}"
    if isinstance(value, (torch.dtype, torch.device)):
        return str(value)
    if isinstance(value, torch.nn.Module):
        return type(value).__name__
    return type(value).__name__
