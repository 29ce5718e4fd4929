"""Suite of sgd. The reference is the update rule, written out with plain tensors.

It works on copies, made before the optimizer exists: from then on parameters and gradients are in its hands.
torch.optim isn't used here: importing it takes longer than all the checks together.
"""

import pytest
import torch
from torch.nn import Parameter

from grader.suite import assert_unchanged, assert_value

SHAPES = ((3, 2), (2,), (2, 4), ())


def parameters():
    """Four parameters of different shapes, without gradients."""
    return [Parameter(torch.randn(shape)) for shape in SHAPES]


def fill_gradients(params):
    """Give each parameter a random gradient, and return copies of the gradients."""
    gradients = [torch.randn(p.shape) for p in params]
    for p, gradient in zip(params, gradients, strict=True):
        p.grad = gradient.clone()
    return gradients


def values(params):
    """Copies of the parameters' values, without a graph."""
    return [p.detach().clone() for p in params]


@pytest.mark.points(2)
@pytest.mark.hint("Take one parameter with one number. Compute its new value by hand and compare.")
def test_one_step(submission):
    """step() changes each parameter p to p - lr * p.grad"""
    for lr in (0.1, 0.75):
        params = parameters()
        before = values(params)
        optimizer = submission.SGD(params, lr=lr)
        gradients = fill_gradients(params)
        optimizer.step()
        for p, old, gradient in zip(params, before, gradients, strict=True):
            assert_value(p.detach(), old - lr * gradient, of=f"The parameter of shape {tuple(old.shape)} after step()")


@pytest.mark.points(1)
@pytest.mark.hint("Look at the statement: what is lr when nobody gives it?")
def test_default_learning_rate(submission):
    """lr is 1.0 when it is not given"""
    params = parameters()
    before = values(params)
    told = [Parameter(p) for p in values(params)]
    optimizer, optimizer_told = submission.SGD(params), submission.SGD(told, lr=1.0)
    gradients = fill_gradients(params)
    for p, gradient in zip(told, gradients, strict=True):
        p.grad = gradient.clone()
    optimizer.step()
    optimizer_told.step()
    # Only the size of the change is the question here. Its direction is that of lr=1.0, be it right or wrong.
    for p, other, old, gradient in zip(params, told, before, gradients, strict=True):
        change = (p.detach() - old).abs()
        assert_value(change, gradient.abs(), of="The size of the change for the default lr")
        same = bool((((p - old) * (other - old)) >= 0).all())
        assert same, "Without lr a step goes the other way than with lr=1.0."


@pytest.mark.points(1)
@pytest.mark.hint("What does list(params) give the second time, if params is a generator?")
def test_generator(submission):
    """the parameters may come from a generator"""
    params = parameters()
    optimizer = submission.SGD((p for p in params), lr=0.5)
    # How far they move is another check's question.
    for number in ("first", "second"):
        before = values(params)
        fill_gradients(params)
        optimizer.step()
        moved = [not torch.equal(p.detach(), old) for p, old in zip(params, before, strict=True)]
        assert all(moved), f"The {number} step moves {sum(moved)} of {len(moved)} parameters from a generator."


@pytest.mark.points(1)
@pytest.mark.hint("What are p.is_leaf, p.requires_grad and p.grad_fn after the step?")
def test_parameters_stay_parameters(submission):
    """the parameters stay the same tensors, outside autograd's graph"""
    params = parameters()
    given = list(params)
    optimizer = submission.SGD(given, lr=0.1)
    fill_gradients(params)
    optimizer.step()
    assert all(a is b for a, b in zip(given, params, strict=True)), "The caller's list has other tensors now."
    for p in params:
        assert p.requires_grad, "A parameter no longer needs a gradient after step()."
        assert p.is_leaf, "A parameter is no longer a leaf after step(): the step is part of a computation."
        assert isinstance(p, Parameter), "A parameter is an ordinary tensor after step()."


@pytest.mark.points(1)
@pytest.mark.hint("Print p.grad before and after step(). Whose job is it to clear gradients?")
def test_step_keeps_gradients(submission):
    """step() leaves the gradients as they are"""
    params = parameters()
    optimizer = submission.SGD(params, lr=0.1)
    gradients = fill_gradients(params)
    optimizer.step()
    for p, gradient in zip(params, gradients, strict=True):
        assert p.grad is not None, "After step() a gradient is None: clearing is the work of zero_grad()."
        assert_value(p.grad, gradient, of="A gradient after step()", rtol=0, atol=0)


@pytest.mark.points(1)
@pytest.mark.hint("What exactly does your zero_grad() set to zero: the gradient's values, a name, the parameter?")
def test_zero_grad(submission):
    """zero_grad() clears every gradient and nothing else"""
    params = parameters()
    optimizer = submission.SGD(params, lr=0.1)
    fill_gradients(params)
    with assert_unchanged(**{f"parameter {i}": p for i, p in enumerate(params)}):
        optimizer.zero_grad()
    for p in params:
        assert p.grad is None or not bool(p.grad.any()), "After zero_grad() a gradient is neither zero nor None."


@pytest.mark.points(1)
@pytest.mark.hint("What is p.grad before the first backward()?")
def test_zero_grad_without_gradients(submission):
    """zero_grad() works while gradients are None"""
    params = parameters()
    optimizer = submission.SGD(params, lr=0.1)
    optimizer.zero_grad()
    fill_gradients(params[:2])
    optimizer.zero_grad()


@pytest.mark.points(1)
@pytest.mark.depends("test_one_step")
@pytest.mark.hint("Where does an optimizer keep its parameters and its lr: in the object, or where all of them look?")
def test_two_optimizers(submission):
    """two optimizers at a time keep apart"""
    first, second = parameters(), parameters()
    before = values(first), values(second)
    optimizers = submission.SGD(first, lr=0.3), submission.SGD(second, lr=0.05)
    gradients = fill_gradients(first), fill_gradients(second)
    optimizers[0].step()
    for p, old, gradient in zip(first, before[0], gradients[0], strict=True):
        assert_value(p.detach(), old - 0.3 * gradient, of="A parameter of the first optimizer after its step()")
    for p, old in zip(second, before[1], strict=True):
        assert_value(p.detach(), old, of="A parameter of the second optimizer after a step() of the first")
    optimizers[1].step()
    for p, old, gradient in zip(second, before[1], gradients[1], strict=True):
        assert_value(p.detach(), old - 0.05 * gradient, of="A parameter of the second optimizer after its step()")


@pytest.mark.points(1)
@pytest.mark.depends("test_one_step", "test_zero_grad")
@pytest.mark.hint("Which gradients does step() use: those of this round, or something from an earlier one?")
def test_training_rounds(submission):
    """several rounds of zero_grad, backward and step train a model"""

    def loss(W, b, V, c, X, T):
        return ((torch.tanh(X @ W + b) @ V + c - T) ** 2).mean()

    lr = 0.2
    params = [p.double() for p in values(parameters())]
    theirs = [p.clone() for p in params]
    ours = [Parameter(p) for p in params]
    optimizer = submission.SGD(ours, lr=lr)
    # The last round adds up the gradients of two batches before its step.
    for number, batches in enumerate((1, 1, 1, 2), start=1):
        data = [
            (torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)) for _ in range(batches)
        ]
        leaves = [p.requires_grad_() for p in theirs]
        gradients = torch.autograd.grad(sum(loss(*leaves, X, T) for X, T in data), leaves)
        theirs = [(p - lr * g).detach() for p, g in zip(leaves, gradients, strict=True)]
        if number > 1:  # before the first backward it has a check of its own
            optimizer.zero_grad()
        for X, T in data:
            assert all(p.requires_grad for p in ours), "A parameter no longer needs a gradient after step()."
            loss(*ours, X, T).backward()
        optimizer.step()
        for p, wanted in zip(ours, theirs, strict=True):
            # Much tighter than the default for float64: a detour through float32 is off by about 1e-8.
            assert_value(p.detach(), wanted, of=f"A parameter after round {number}", rtol=1e-11, atol=1e-11)
