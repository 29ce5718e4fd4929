"""Say in one sentence what `torch.autograd.gradcheck` found, instead of printing two Jacobians.

gradcheck raises with a text that holds whole matrices. Its two matrices are still there as locals of the
frame that raised, in the judge's own process, so they are compared here: the Jacobian of one input has a row
per input element and a column per output element (d output / d input).
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import torch

from grader.compare import Compared, Mismatch, figure, shape_text, unravel

# How well finite differences agree with a right gradient, in parts of its largest element.
DIFFERENCES = 1e-5

_ORDINALS = ("first", "second", "third", "fourth", "fifth")

# gradcheck's other complaints, told by what their first line starts with.
_SENTENCES = (
    (
        "Numerical gradient for function expected to be zero",
        "The result does not depend on its inputs as far as autograd knows, although its value does. "
        "Something on the way detaches it.",
    ),
    (
        "backward not multiplied by grad_output",
        "The gradient is not multiplied by the incoming gradient: a zero incoming gradient must give zero.",
    ),
    (
        "Backward is not reentrant",
        "Running backward twice with the same incoming gradient gives two different results.",
    ),
    ("Gradient has dtype mismatch", "The gradient does not have the dtype of its input."),
    ("grad is incorrect type", "The gradient does not have the dtype of its input."),
    ("grad is incorrect device", "The gradient is not on the device of its input."),
    ("Analytical gradient has incorrect size", "The gradient does not have the shape of its input."),
    ("grad is incorrect size", "The gradient does not have the shape of its input."),
)


def explain_gradcheck(error: BaseException, names: Sequence[str] = ()) -> Mismatch:
    """A mismatch for an error that gradcheck raised; `names` are those of all its inputs, in order."""
    frame = _jacobian_frame(error.__traceback__)
    if frame is not None:
        return _jacobian_mismatch(frame, names)
    text = str(error)
    for start, sentence in _SENTENCES:
        if text.startswith(start):
            return Mismatch(sentence, expected="the gradient that finite differences give")
    return Mismatch("The gradient does not agree with finite differences.")


def _jacobian_frame(traceback: TracebackType | None) -> dict[str, Any] | None:
    while traceback is not None:
        code, variables = traceback.tb_frame.f_code, traceback.tb_frame.f_locals
        if code.co_name == "_slow_gradcheck" and code.co_filename.endswith("gradcheck.py"):
            jacobians = (variables.get("a"), variables.get("n"))
            if all(isinstance(j, torch.Tensor) and j.dim() == 2 for j in jacobians) and "j" in variables:
                return variables
        traceback = traceback.tb_next
    return None


def _jacobian_mismatch(frame: dict[str, Any], names: Sequence[str]) -> Mismatch:
    got, expected = frame["a"].detach().cpu(), frame["n"].detach().cpu()
    inputs = [t for t in frame["tupled_inputs"] if isinstance(t, torch.Tensor)]
    places = [i for i, t in enumerate(inputs) if t.requires_grad]
    place = places[frame["j"]]
    shape = inputs[place].shape
    of = _gradient_name(place, names)
    error = torch.nan_to_num((got - expected).abs(), nan=float("inf"))
    wrong = ~(error <= frame["atol"] + frame["rtol"] * expected.abs())
    wrong_inputs = wrong.any(dim=1).reshape(shape)
    per_input = torch.where(wrong, error, torch.zeros_like(error)).amax(dim=1).reshape(shape)
    worst = int(per_input.argmax())
    where = figure(per_input, wrong_inputs, label=of)
    compared = _along_a_direction(frame, names, place, of)
    if bool((got == 0).all()):
        return Mismatch(
            f"{of} is zero everywhere, but the result does depend on that input.", figure=where, compared=compared
        )
    count, total = int(wrong_inputs.sum()), wrong_inputs.numel()
    share = "every element" if count == total else f"{count} of {total} elements"
    at = f", the worst at {list(unravel(worst, shape))}" if per_input.dim() else ""
    return Mismatch(
        f"{of} does not agree with finite differences: {share} differ{'s' if count == total else ''}{at}, "
        f"where a partial derivative is off by {float(per_input.flatten()[worst]):.3g}.",
        got=f"a gradient of shape {shape_text(shape)}",
        expected=f"the gradient that finite differences give, of shape {shape_text(shape)}",
        figure=where,
        compared=compared,
    )


def _along_a_direction(frame: dict[str, Any], names: Sequence[str], place: int, of: str) -> Compared | None:
    """The gradients for one incoming gradient, from the Jacobians: as if backward had been called with it."""
    got, expected, others = frame["a"].detach().cpu(), frame["n"].detach().cpu(), frame.get("numerical")
    if got.dtype != torch.float64 or got.shape != expected.shape:
        return None
    inputs = [t for t in frame["tupled_inputs"] if isinstance(t, torch.Tensor)]
    places = [i for i, t in enumerate(inputs) if t.requires_grad]
    shown = [names[i] if i < len(names) else "" for i in range(len(inputs))]
    # Fixed, and of no pattern that a mistake could have.
    incoming = torch.arange(1, got.shape[1] + 1, dtype=torch.float64).sqrt().sin() + 0.1
    shape = inputs[place].shape
    gradients = []
    if isinstance(others, list) and isinstance(frame.get("i"), int) and frame["i"] < len(others):
        gradients = [
            (shown[i], (n.detach().cpu() @ incoming).reshape(inputs[i].shape))
            for i, n in zip(places, others[frame["i"]], strict=False)
            if i != place and n.shape[1] == len(incoming)
        ]
    # backward that takes no notice of the incoming gradient has the same columns for each of them.
    ignoring = (expected.sum(1) * incoming.sum()).reshape(shape)
    return Compared(
        (got @ incoming).reshape(shape),
        (expected @ incoming).reshape(shape),
        of,
        gradient=True,
        inputs=tuple((name, t.detach()) for name, t in zip(shown, inputs, strict=True)),
        gradients=tuple(gradients),
        ignoring=(ignoring,),
        precision=DIFFERENCES,
    )


def _gradient_name(place: int, names: Sequence[str]) -> str:
    if place < len(names):
        return f"The gradient of {names[place]}"
    ordinal = _ORDINALS[place] if place < len(_ORDINALS) else f"{place + 1}th"
    return f"The gradient of the {ordinal} input"
