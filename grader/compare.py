"""Compare what a submission returned with what was expected, in rungs.

exists, is a tensor, dtype, shape, device, finite, values: the first rung that fails is the only one
reported, because the later ones would only repeat it. A mismatch of values is four facts: how many
elements differ, the worst difference, its index, and the difference that was allowed. Expected values
themselves are never part of the text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from grader.model import Figure

# (rtol, atol) by dtype. float32 and float64 are those of torch.testing.assert_close: correct code that
# sums in another order stays well inside them for the sizes that suites use. Other dtypes compare exactly.
TOLERANCES: dict[torch.dtype, tuple[float, float]] = {
    torch.float16: (1e-3, 1e-5),
    torch.bfloat16: (1.6e-2, 1e-5),
    torch.float32: (1.3e-6, 1e-5),
    torch.float64: (1e-7, 1e-7),
    torch.complex64: (1.3e-6, 1e-5),
    torch.complex128: (1e-7, 1e-7),
}

MAX_FIGURE_ROWS = 24
MAX_FIGURE_COLUMNS = 32


@dataclass(frozen=True, slots=True)
class Compared:
    """The two tensors behind a mismatch, for whoever asks what turned one into the other. Never shown.

    `actual` is None where no gradient arrived. `rtol` and `atol` are those that the suite asked for. gradcheck also
    knows the inputs, the right gradients of all of them by name, what would come out if every incoming gradient were
    one, and how precise finite differences are.
    """

    actual: torch.Tensor | None
    expected: torch.Tensor
    of: str
    rtol: float | None = None
    atol: float | None = None
    gradient: bool = False
    inputs: tuple[tuple[str, torch.Tensor], ...] = ()
    gradients: tuple[tuple[str, torch.Tensor], ...] = ()
    ignoring: tuple[torch.Tensor, ...] = ()
    precision: float | None = None


# Told of each comparison while the judge wants to know what a check compares (see grader.judge.recording and watch).
observers: list[Callable[[Any, Any, str, float | None, float | None], None]] = []


class Mismatch(AssertionError):  # noqa: N818  what a suite's author reads and raises
    """A promise that a submission did not keep. Every field but `compared` is text for the student.

    `message` is a sentence; `got` and `expected` describe without hidden values; `figure` shows where; `compared` are
    the tensors themselves.
    """

    def __init__(
        self,
        message: str,
        *,
        got: str = "",
        expected: str = "",
        hint: str = "",
        figure: Figure | None = None,
        compared: Compared | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.got = got
        self.expected = expected
        self.hint = hint
        self.figure = figure
        self.compared = compared


def describe(value: object) -> str:
    """A short description of a value by its type, dtype and shape, never by its contents."""
    if value is None:
        return "None"
    if hasattr(type(value), "student_type_name"):  # asking it more would run the student's code
        return with_article(type_name(value))
    if isinstance(value, torch.Tensor):
        kind = "Parameter" if isinstance(value, torch.nn.Parameter) else "tensor"
        where = "" if value.device.type == "cpu" else f" on {value.device}"
        return f"{dtype_name(value.dtype)} {kind} of shape {shape_text(value.shape)}{where}"
    if isinstance(value, (torch.dtype, torch.device)):
        return str(value)
    if isinstance(value, (bool, int, float, str, bytes)):
        return with_article(type(value).__name__)
    if isinstance(value, (list, tuple, dict)):
        return f"{with_article(type(value).__name__)} of length {len(value)}"
    return with_article(type_name(value))


def type_name(value: object) -> str:
    """The name of a value's class; a proxy answers with the class of the student's object."""
    told = getattr(type(value), "student_type_name", None)
    if told is not None:
        return str(told(value))
    return type(value).__name__


def with_article(noun: str) -> str:
    """`noun` behind "a" or "an"."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def dtype_name(dtype: torch.dtype) -> str:
    """float32 for torch.float32."""
    return str(dtype).removeprefix("torch.")


def shape_text(shape: Sequence[int]) -> str:
    """(2, 3) for torch.Size([2, 3]), with the comma of a one-element tuple."""
    return str(tuple(shape))


def compare(
    actual: Any,
    expected: Any,
    *,
    of: str,
    rtol: float | None = None,
    atol: float | None = None,
    gradient: bool = False,
) -> Mismatch | None:
    """The first rung on which `actual` differs from `expected`, or None when they agree.

    `expected` is a tensor or a number; a number stands for a Python number or a tensor without
    dimensions, whose dtype is then not compared. `of` names the value in the message. Tolerances
    default to `TOLERANCES` by the dtype of `expected`; |actual - expected| <= atol + rtol * |expected|
    must hold for each element. `gradient` says that it is one.
    """
    for observer in observers:
        observer(actual, expected, of, rtol, atol)
    mismatch = _compare(actual, expected, of, rtol, atol)
    numbers = type(actual) in (int, float) and not isinstance(expected, torch.Tensor)
    if mismatch is not None and (numbers or isinstance(actual, torch.Tensor)):
        mismatch.compared = Compared(_tensor(actual), _tensor(expected), of, rtol, atol, gradient)
    return mismatch


def _compare(actual: Any, expected: Any, of: str, rtol: float | None, atol: float | None) -> Mismatch | None:
    if not isinstance(expected, torch.Tensor):
        return _compare_number(actual, expected, of=of, rtol=rtol, atol=atol)
    rung = _structure(actual, expected, of)
    if rung is not None:
        return rung
    if expected.device.type == "meta":
        return None
    return _values(actual.detach(), expected.detach(), of, rtol, atol)


def _tensor(value: torch.Tensor | float) -> torch.Tensor:
    return value.detach() if isinstance(value, torch.Tensor) else torch.tensor(float(value), dtype=torch.float64)


def _structure(actual: Any, expected: torch.Tensor, of: str) -> Mismatch | None:
    said: Any = {"got": describe(actual), "expected": describe(expected.detach())}
    if actual is None:
        return Mismatch(f"{of} is None. Is a `return` missing?", **said)
    if not isinstance(actual, torch.Tensor):
        return Mismatch(f"{of} should be a tensor, but it is {describe(actual)}.", **said)
    if actual.dtype != expected.dtype:
        got, want = dtype_name(actual.dtype), dtype_name(expected.dtype)
        return Mismatch(f"{of} has dtype {got}, expected {want}.", **said)
    if actual.shape != expected.shape:
        got, want = shape_text(actual.shape), shape_text(expected.shape)
        return Mismatch(f"{of} has shape {got}, expected {want}.", **said)
    if actual.device.type != expected.device.type:
        return Mismatch(f"{of} is on {actual.device}, expected {expected.device}.", **said)
    if actual.layout != expected.layout:
        return Mismatch(f"{of} has layout {actual.layout}, expected {expected.layout}.", **said)
    return None


def _values(
    actual: torch.Tensor, expected: torch.Tensor, of: str, rtol: float | None, atol: float | None
) -> Mismatch | None:
    rtol, atol = tolerance(expected.dtype, rtol, atol)
    if torch.equal(actual, expected):
        return None
    wide = torch.complex128 if expected.is_complex() else torch.float64
    a, e = actual.to("cpu", wide), expected.to("cpu", wide)
    said: Any = {"got": describe(actual), "expected": describe(expected)}
    stray = ~torch.isfinite(a) & torch.isfinite(e)
    if bool(stray.any()):
        count = int(stray.sum())
        kind = "NaN" if bool(torch.isnan(a[stray]).any()) else "infinite"
        where = _first_index(stray)
        return Mismatch(
            f"{of} has {count} of {a.numel()} elements that are {kind}{where}.",
            figure=figure(stray.double(), stray, label=of),
            **said,
        )
    error = (a - e).abs()
    allowed = atol + rtol * e.abs()
    # Written so that a NaN counts as wrong. Infinities must be equal: any error is within an infinite allowance.
    wrong = ~((torch.isfinite(e) & (error <= allowed)) | (a == e) | (torch.isnan(a) & torch.isnan(e)))
    if not bool(wrong.any()):
        return None
    error = torch.where(wrong, torch.nan_to_num(error, nan=math.inf), torch.zeros_like(error))
    difference = None if e.is_complex() else a - e
    shown = figure(error, wrong, label=of, difference=difference)
    return Mismatch(_values_text(of, error, allowed, wrong), figure=shown, **said)


def tolerance(dtype: torch.dtype, rtol: float | None, atol: float | None) -> tuple[float, float]:
    """`rtol` and `atol`, each by the dtype where it is None."""
    default_rtol, default_atol = TOLERANCES.get(dtype, (0.0, 0.0))
    return default_rtol if rtol is None else rtol, default_atol if atol is None else atol


def share_of_tolerance(actual: Any, expected: Any, rtol: float | None, atol: float | None) -> float | None:
    """The largest share of its tolerance that the error of an element is: 0 is exact, more than 1 is wrong.

    None where it takes no tolerance to say which: no tensors or numbers, other shapes or dtypes, nothing allowed.
    """
    if not isinstance(expected, torch.Tensor):
        numbers = isinstance(expected, (int, float)) and type(actual) in (int, float)
        dtype = actual.dtype if isinstance(actual, torch.Tensor) else torch.float64
        expected = torch.tensor(float(expected), dtype=dtype)
        actual = torch.tensor(float(actual), dtype=dtype) if numbers else actual
    if not isinstance(actual, torch.Tensor) or _structure(actual, expected, "") is not None:
        return None
    rtol, atol = tolerance(expected.dtype, rtol, atol)
    if expected.device.type == "meta" or expected.numel() == 0 or rtol == atol == 0:
        return None
    wide = torch.complex128 if expected.is_complex() else torch.float64
    a, e = actual.detach().to("cpu", wide), expected.detach().to("cpu", wide)
    share = (a - e).abs() / (atol + rtol * e.abs())
    share = torch.where((a == e) | (torch.isnan(a) & torch.isnan(e)), 0.0, torch.nan_to_num(share, nan=math.inf))
    return float(share.max())


def _values_text(of: str, error: torch.Tensor, allowed: torch.Tensor, wrong: torch.Tensor) -> str:
    worst = int(error.argmax())
    worst_error, worst_allowed = float(error.flatten()[worst]), float(allowed.flatten()[worst])
    allowance = f"{_number(worst_allowed)} would be allowed"
    if error.dim() == 0:
        return f"{of} is off by {_number(worst_error)}; {allowance}."
    index = unravel(worst, error.shape)
    count, total = int(wrong.sum()), error.numel()
    if count == total:
        share = "All its elements differ" if total > 1 else "Its one element differs"
    else:
        share = f"{count} of its {total} elements differ{'s' if count == 1 else ''}"
    return (
        f"{of} has wrong values. {share}; the worst is at {list(index)}, off by {_number(worst_error)} ({allowance})."
    )


def _compare_number(
    actual: Any, expected: float, *, of: str, rtol: float | None, atol: float | None
) -> Mismatch | None:
    if isinstance(actual, torch.Tensor):
        if actual.shape != ():
            return Mismatch(
                f"{of} has shape {shape_text(actual.shape)}, expected a tensor without dimensions, ().",
                got=describe(actual),
                expected="one number",
            )
        return _values(actual.detach(), torch.tensor(expected, dtype=actual.dtype), of, rtol=rtol, atol=atol)
    if isinstance(actual, bool) or not isinstance(actual, (int, float)):
        return Mismatch(
            f"{of} should be a number, but it is {describe(actual)}.",
            got=describe(actual),
            expected="one number",
        )
    as_tensor = torch.tensor(float(actual), dtype=torch.float64)
    return _values(as_tensor, torch.tensor(float(expected), dtype=torch.float64), of, rtol, atol)


def unravel(index: int, shape: Sequence[int]) -> tuple[int, ...]:
    """The index into a tensor of `shape` of element `index` of the flattened tensor."""
    place: list[int] = []
    for size in reversed(shape):
        index, at = divmod(index, size)
        place.append(at)
    return tuple(reversed(place))


def _first_index(mask: torch.Tensor) -> str:
    if mask.dim() == 0:
        return ""
    first = int(mask.flatten().to(torch.uint8).argmax())
    return f", the first at {list(unravel(first, mask.shape))}"


def _number(value: float) -> str:
    return f"{value:.3g}"


def figure(
    error: torch.Tensor, wrong: torch.Tensor, *, label: str, difference: torch.Tensor | None = None
) -> Figure | None:
    """The heat map of `error` (absolute, any shape, zero where right), or None without an element.

    `wrong` marks the elements outside their tolerance; `difference` is what came back minus what was expected, of
    which only the signs are kept. Tensors of one dimension are one row; of more than two, all but the last dimension
    are rows. More than 24 rows or 32 columns are pooled by their worst element.
    """
    if error.numel() == 0 or error.dim() == 0:
        return None
    shape = tuple(error.shape)
    rows = error.reshape(-1, shape[-1]).double()
    worst = float(rows[torch.isfinite(rows)].max()) if bool(torch.isfinite(rows).any()) else 0.0
    relative = torch.nan_to_num(rows / worst if worst > 0 else rows, nan=1.0, posinf=1.0)
    bounds = torch.tensor([0.01, 0.1, 0.5], dtype=torch.float64)
    classes = torch.where(wrong.reshape(rows.shape), torch.bucketize(relative, bounds) + 1, 0)
    pooled = classes.shape[0] > MAX_FIGURE_ROWS or classes.shape[1] > MAX_FIGURE_COLUMNS
    signs: tuple[tuple[int, ...], ...] = ()
    count = int(wrong.sum())
    text = f"{count} of {wrong.numel()} elements of {label} are outside the tolerance."
    if difference is not None:
        large, small = wrong & (difference > 0), wrong & (difference < 0)
        signs = _rows(_pooled(large.reshape(rows.shape).long()) - _pooled(small.reshape(rows.shape).long()))
        text = f"{text} {_directions(int(large.sum()), int(small.sum()))}"
    return Figure(
        label=label,
        shape=shape,
        cells=_rows(_pooled(classes)),
        signs=signs,
        pooled=pooled,
        text=text.strip(),
    )


def _pooled(rows: torch.Tensor) -> torch.Tensor:
    """`rows` (m, n), whole numbers, pooled by their maximum to what a figure has room for."""
    size = (min(rows.shape[0], MAX_FIGURE_ROWS), min(rows.shape[1], MAX_FIGURE_COLUMNS))
    return rows if size == rows.shape else torch.nn.functional.adaptive_max_pool2d(rows[None].double(), size)[0].long()


def _rows(rows: torch.Tensor) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in rows.tolist())


def _directions(large: int, small: int) -> str:
    if large and small:
        return f"{large} too large, {small} too small."
    if large or small:
        return f"{'It is' if large + small == 1 else 'All of them are'} too {'large' if large else 'small'}."
    return ""
