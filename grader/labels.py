"""Mistakes in a classification loss, where scores and labels are among the inputs of a check.

Which input holds the scores and which the labels is not asked but tried: with the right ones torch's own cross-entropy
gives the expected loss, or its gradient up to a factor. Only then other losses of these inputs are predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch.nn import functional

from grader.case import Case, Explanation, values_of

MOST_PAIRS = 12

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def _picked(values: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return values.gather(1, labels[:, None]).squeeze(1)


def _over_examples(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return -_picked(scores.log_softmax(0), labels).mean()


def _without_logarithm(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return -_picked(scores.softmax(1), labels).mean()


def _twice(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(scores.softmax(1), labels)


def _without_softmax(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return -_picked(scores, labels).log().mean()


def _only_scores(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return -_picked(scores, labels).mean()


def _only_normaliser(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return scores.logsumexp(1).mean()


_LOSSES: tuple[tuple[str, str, Loss], ...] = (
    ("softmax_twice", "is what comes out when softmax is applied twice", _twice),
    ("softmax_over_examples", "is what comes out when softmax runs over the examples, not the classes", _over_examples),
    ("softmax_missing", "is what comes out when the scores are taken for probabilities, without a softmax",
     _without_softmax),
    ("logarithm_missing", "is what comes out when the logarithm of the probability is forgotten", _without_logarithm),
    ("normaliser_missing", "is what comes out when only the score of the label counts, without the log-sum-exp",
     _only_scores),
    ("label_missing", "is what comes out when the score of the label does not count, only the log-sum-exp",
     _only_normaliser),
)  # fmt: skip


def with_labels(case: Case) -> Iterator[Explanation]:
    """What other losses of the same scores and labels give, or their gradients."""
    for scores, labels in _pairs(case):
        if case.want.dim() == 0:
            factor = _factor(case, functional.cross_entropy(scores, labels))
            if factor is None or abs(factor - 1) > 1e-5:
                continue
            predictions = [(name, text, loss(scores, labels)) for name, text, loss in _LOSSES]
        else:
            factor = _factor(case, _gradient(functional.cross_entropy, scores, labels))
            if factor is None:
                continue
            predictions = [(name, text, factor * _gradient(loss, scores, labels)) for name, text, loss in _LOSSES]
        for name, text, predicted in predictions:
            yield Explanation(name, text, predicted)
        return


def _pairs(case: Case) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    inputs = case.context.inputs
    tried = 0
    for _, scores in inputs:
        if scores.dim() != 2 or not scores.dtype.is_floating_point or case.want.shape not in ((), scores.shape):
            continue
        for _, labels in inputs:
            if labels.dtype != torch.int64 or labels.shape != scores.shape[:1]:
                continue
            values = values_of(case, scores)
            tried += 1
            if values is None or tried > MOST_PAIRS:
                return
            if bool(((labels >= 0) & (labels < scores.shape[1])).all()):
                yield values, labels.detach()


def _gradient(loss: Loss, scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        leaf = scores.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(leaf, labels), leaf)
    return gradient


def _factor(case: Case, right: torch.Tensor) -> float | None:
    """By what `right` is to be multiplied to be the expected tensor; None where nothing does it."""
    square = float((right * right).sum())
    if not square > 0:
        return None
    factor = float((right * case.want).sum()) / square
    error = float((factor * right - case.want).abs().max())
    return factor if error <= 100 * case.precision * float(case.want.abs().max()) else None
