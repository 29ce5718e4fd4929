"""What a suite may import: assertions whose failures a student can read.

Plain `assert`, `torch.testing.assert_close` and `torch.autograd.gradcheck` work in a suite as well. These add
names, and stop at the first rung that fails (see `grader.compare`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.autograd.gradcheck import GradcheckError

from grader.compare import Compared, Mismatch, compare, describe, shape_text
from grader.gradients import explain_gradcheck

# Elements of the largest Jacobian that is computed for a check: 80 MB. How large it becomes, the submission decides.
MAX_JACOBIAN = 10_000_000

__all__ = ["Mismatch", "assert_gradcheck", "assert_gradient", "assert_unchanged", "assert_value"]


def assert_value(
    actual: Any,
    expected: torch.Tensor | float,
    *,
    of: str = "The result",
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Raise `Mismatch` unless `actual` has the type, dtype, shape, device and values of `expected`.

    `of` names the value at the start of a sentence ("The loss"). Tolerances default by dtype.
    """
    mismatch = compare(actual, expected, of=_start(of), rtol=rtol, atol=atol)
    if mismatch is not None:
        raise mismatch


def assert_gradient(
    actual: torch.Tensor | None,
    expected: torch.Tensor,
    *,
    of: str = "The gradient",
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """`assert_value` for a gradient; None says that no gradient arrived.

    `of` names it in the notation of the course, for example "dL/dX".
    """
    if actual is None:
        raise Mismatch(
            f"No gradient arrived: {of} is None.",
            got="None",
            expected=describe(expected),
            compared=Compared(None, expected, of, gradient=True),
        )
    mismatch = compare(actual, expected, of=_start(of), rtol=rtol, atol=atol, gradient=True)
    if mismatch is not None:
        raise mismatch


def assert_gradcheck(
    function: Callable[..., Any], inputs: Sequence[Any], *, names: Sequence[str] = (), **options: Any
) -> None:
    """`torch.autograd.gradcheck(function, inputs, **options)`, with the inputs called by `names` on failure.

    `inputs` are float64 tensors; those that require a gradient are checked. The quick form of gradcheck runs first: it
    compares the Jacobian along random directions, a tenth of the calls. Where that finds a difference the whole
    Jacobian is computed, which has the verdict and says where.
    """

    elements = sum(t.numel() for t in inputs if isinstance(t, torch.Tensor))

    def checked(*args: Any) -> Any:
        out = function(*args)
        for value in out if isinstance(out, tuple) else (out,):
            if not isinstance(value, torch.Tensor):
                raise Mismatch(f"The result should be a tensor, but it is {describe(value)}.", got=describe(out))
            if value.numel() * elements > MAX_JACOBIAN:
                raise Mismatch("The result has far more elements than it should.", got=describe(value))
        return out

    try:
        torch.autograd.gradcheck(checked, tuple(inputs), **{"fast_mode": True, **options})
    except GradcheckError:
        try:
            torch.autograd.gradcheck(checked, tuple(inputs), **{**options, "fast_mode": False})
        except GradcheckError as error:
            raise explain_gradcheck(error, names) from None


@contextmanager
def assert_unchanged(**tensors: torch.Tensor) -> Iterator[None]:
    """Raise `Mismatch` if the block changes a named tensor: its values, shape, dtype or requires_grad."""
    before = {
        name: (t.detach().clone(memory_format=torch.preserve_format), t.requires_grad) for name, t in tensors.items()
    }
    yield
    for name, (old, required) in before.items():
        now = tensors[name]
        if now.shape != old.shape:
            change = f"its shape is {shape_text(now.shape)} now and was {shape_text(old.shape)}"
        elif now.dtype != old.dtype:
            change = f"its dtype is {now.dtype} now and was {old.dtype}"
        elif now.requires_grad != required:
            change = f"its requires_grad is {now.requires_grad} now"
        elif old.device.type == "meta" or torch.allclose(now.detach(), old, rtol=0, atol=0, equal_nan=True):
            continue
        else:
            change = f"{int((now.detach() != old).sum())} of its {old.numel()} elements have other values now"
        raise Mismatch(f"Your code changes {name}, which belongs to the caller: {change}.")


def _start(of: str) -> str:
    """`of` as the start of a sentence: words get a capital, names of code keep their case."""
    return of[:1].upper() + of[1:] if re.match(r"[a-z]+( |$)", of) else of
