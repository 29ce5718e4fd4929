"""Suite of cross_entropy. The reference is torch's own loss, in float64.

It is computed before each call: afterwards H and Y hold what the submission has left there. Where a check
goes on with its labels, the submission gets a copy of them.
"""

import pytest
import torch
from torch.nn import functional

from grader.suite import assert_gradcheck, assert_gradient, assert_unchanged, assert_value

# For logits near 1000 float32 itself is this coarse: neighbouring numbers there are 6e-5 apart, and a right
# formula rounds several of them. Mistakes of the kind looked for give NaN, infinity or are off by 1 and more.
LARGE_LOGITS_ATOL = 1e-3


def reference(H, Y):
    """Loss () and gradient (N, C), computed in float64 and given in the dtype of H."""
    wide = H.detach().double().requires_grad_()
    loss = functional.cross_entropy(wide, Y)
    (gradient,) = torch.autograd.grad(loss, wide)
    return loss.detach().to(H.dtype), gradient.to(H.dtype)


def gradient_of(loss, H, factor):
    """d(factor * loss)/dH, None where no gradient arrives. Every rung before it has a text."""
    assert isinstance(loss, torch.Tensor), "The loss should be a tensor."
    assert loss.shape == (), f"The loss has the shape {tuple(loss.shape)}, expected no dimensions, ()."
    assert loss.requires_grad, "The loss is cut off from H: no gradient can flow back."
    return torch.autograd.grad(factor * loss, H, allow_unused=True)[0]


def logits(n, c, dtype=torch.float32):
    """Scores (n, c) between -2 and 2: random, but no class ever gets so little probability that it is a
    question of stability. Other checks ask that."""
    return 4 * torch.rand(n, c, dtype=dtype) - 2


def large(n, c):
    """Logits near 1000 and, in a second tensor, near -1000."""
    return {f"logits near {level:.0f}": level + logits(n, c) for level in (1000.0, -1000.0)}


def uneven(c):
    """Four rows of very different size."""
    return torch.tensor([1000.0, -1000.0, 0.0, 300.0])[:, None] + logits(4, c)


def confident_mistake(Y, c, gap):
    """Logits whose label is `gap` below all other classes of its row, or more."""
    H = logits(len(Y), c)
    H[torch.arange(len(Y)), Y] -= gap + 4
    return H


@pytest.mark.points(2)
@pytest.mark.hint("Take one row with two classes and compute its loss by hand.")
def test_value(submission):
    """the loss is the mean of log-sum-exp minus the label's logit"""
    criterion = submission.CrossEntropyLoss()
    for n, c in ((7, 5), (3, 8), (4, 4), (1, 6), (5, 1)):
        H, Y = logits(n, c), torch.randint(c, (n,))
        expected, _ = reference(H, Y)
        assert_value(criterion(H, Y), expected, of=f"The loss for H of shape {(n, c)}")


@pytest.mark.points(1)
@pytest.mark.depends("test_value")
@pytest.mark.hint("Which dtype does a tensor get that you make yourself?")
def test_dtype(submission):
    """float32 stays float32, and float64 keeps its full precision"""
    # Much tighter than the default for float64: a detour through float32 is off by about 1e-7.
    for dtype, tolerance in ((torch.float32, None), (torch.float64, 1e-12)):
        H, Y = logits(6, 4, dtype), torch.randint(4, (6,))
        expected, _ = reference(H, Y)
        loss = submission.CrossEntropyLoss()(H, Y)
        assert_value(loss, expected, of=f"The loss for {dtype}", rtol=tolerance, atol=tolerance)


@pytest.mark.points(1)
@pytest.mark.depends("test_value")
@pytest.mark.hint("Is every step from H to the loss still known to autograd?")
def test_gradient(submission):
    """the gradient of H is right"""
    H, Y = logits(6, 4).requires_grad_(), torch.randint(4, (6,))
    # A factor behind the loss, as when it is one of several terms: the incoming gradient is not always 1.
    factor = 1.5 + float(torch.rand(()))
    expected = factor * reference(H, Y)[1]
    assert_gradient(gradient_of(submission.CrossEntropyLoss()(H, Y), H, factor), expected, of="dL/dH")


@pytest.mark.points(1)
@pytest.mark.hint("Change one logit a little. By how much does the loss change, and what does H.grad say?")
def test_gradcheck(submission):
    """the gradient agrees with finite differences"""
    criterion, Y = submission.CrossEntropyLoss(), torch.tensor([2, 0, 3])
    # Positive: finite differences don't care which loss it is, as long as it has a value.
    H = (torch.rand(3, 4, dtype=torch.float64) + 0.5).requires_grad_()
    loss = criterion(H.detach().clone().requires_grad_(), Y.clone())
    assert isinstance(loss, torch.Tensor), "The loss should be a tensor."
    assert loss.dtype == H.dtype, f"The loss has the dtype {loss.dtype} for logits of float64."
    # Copies, so that H keeps the values at which gradcheck takes differences.
    assert_gradcheck(lambda H: criterion(H.clone(), Y.clone()), (H,), names=("H",))


@pytest.mark.points(1)
@pytest.mark.depends("test_value")
@pytest.mark.hint("What is exp(1000) in float32, and what is log(exp(-1000))?")
def test_large_logits(submission):
    """logits near 1000 and near -1000 give the right loss"""
    criterion, Y = submission.CrossEntropyLoss(), torch.randint(5, (6,))
    for name, H in large(6, 5).items():
        expected, _ = reference(H, Y)
        assert_value(criterion(H, Y.clone()), expected, of=f"The loss for {name}", rtol=0, atol=LARGE_LOGITS_ATOL)


@pytest.mark.points(1)
@pytest.mark.depends("test_value")
@pytest.mark.hint("Is the same number subtracted from every row?")
def test_rows_of_different_size(submission):
    """each row is stable on its own, however large the others are"""
    H, Y = uneven(5), torch.randint(5, (4,))
    expected, _ = reference(H, Y)
    loss = submission.CrossEntropyLoss()(H, Y)
    assert_value(loss, expected, of="The loss for rows near 1000, -1000, 0 and 300", rtol=0, atol=LARGE_LOGITS_ATOL)


@pytest.mark.points(1)
@pytest.mark.depends("test_value")
@pytest.mark.hint("The probability of the right class is almost zero here. What is its logarithm?")
def test_confident_mistakes(submission):
    """the loss is right when almost no probability is left for the right class"""
    criterion, Y = submission.CrossEntropyLoss(), torch.tensor([0, 2, 1])
    for gap in (60, 200):
        H = confident_mistake(Y, 4, gap)
        expected, _ = reference(H, Y)
        of = f"The loss for labels whose logit is {gap} below the others"
        assert_value(criterion(H, Y.clone()), expected, of=of, rtol=0, atol=LARGE_LOGITS_ATOL)


@pytest.mark.points(1)
@pytest.mark.depends("test_gradient", "test_large_logits", "test_rows_of_different_size")
@pytest.mark.hint("Infinity times zero is NaN, in backward too. Does your code compute something it then throws away?")
def test_gradient_of_hard_logits(submission):
    """the gradient is right for large logits and confident mistakes, too"""
    criterion, Y = submission.CrossEntropyLoss(), torch.tensor([0, 2, 1, 4])
    cases = {
        **large(4, 5),
        "rows near 1000, -1000, 0 and 300": uneven(5),
        "labels far below the others": confident_mistake(Y, 5, 60),
    }
    for name, values in cases.items():
        H = values.clone().requires_grad_()
        _, expected = reference(H, Y)
        gradient = gradient_of(criterion(H, Y.clone()), H, 1.0)
        assert_gradient(gradient, expected, of=f"dL/dH for {name}", rtol=0, atol=LARGE_LOGITS_ATOL)


@pytest.mark.points(1)
@pytest.mark.hint("Print H before and after the call. Which operations write into the tensor they are called on?")
def test_inputs_are_left_alone(submission):
    """H and Y are the same after the call as before"""
    criterion = submission.CrossEntropyLoss()
    H, Y = logits(5, 4), torch.randint(4, (5,))
    with assert_unchanged(H=H, Y=Y):
        criterion(H, Y)
