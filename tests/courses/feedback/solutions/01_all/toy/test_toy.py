import pytest
import torch
from torch.autograd import gradcheck

from grader.suite import assert_gradcheck, assert_gradient, assert_unchanged, assert_value

HIDDEN = 424242.5


@pytest.mark.hint("What is twice a number?")
def test_helper(submission):
    """The value is doubled

    A second paragraph is for authors.
    """
    X = torch.randn(2, 3)
    assert_value(submission.double(X), 2 * X, of="The double")


def test_plain_assert(submission):
    """Plain assert without a text"""
    assert submission.double(torch.tensor(HIDDEN)) == 2 * HIDDEN


def test_assert_with_text(submission):
    """Plain assert with a text"""
    assert submission.double(torch.tensor(HIDDEN)) == 2 * HIDDEN, "double(x) should be twice x"


def test_assert_close(submission):
    """torch.testing.assert_close"""
    x = torch.tensor([HIDDEN, 1.0])
    torch.testing.assert_close(submission.double(x), 2 * x)


def test_assert_close_of_a_number(submission):
    """torch.testing.assert_close of one number"""
    torch.testing.assert_close(submission.double(torch.tensor(HIDDEN)).item(), 2 * HIDDEN)


def test_plain_gradcheck(submission):
    """torch's own gradcheck"""
    assert gradcheck(submission.Square.apply, (torch.randn(3, dtype=torch.double, requires_grad=True),))


def test_gradcheck(submission):
    """gradcheck with names"""
    X = torch.randn(2, 3, dtype=torch.double, requires_grad=True)
    assert_gradcheck(submission.Square.apply, (X,), names=("X",))


def test_gradient(submission):
    """The gradient arrives"""
    layer = submission.Layer()
    layer(torch.ones(2)).sum().backward()
    assert_gradient(layer.weight.grad, torch.ones(2), of="dL/dweight")


def test_raises(submission):
    """A negative number is refused"""
    with pytest.raises(ValueError):
        submission.validate(-1)


def test_unchanged(submission):
    """The input is left alone"""
    X = torch.ones(3)
    with assert_unchanged(X=X):
        submission.double(X)


def test_stops(submission):
    """The suite goes on with what came back"""
    assert submission.double(torch.ones(2)).shape == (2,), "one dimension"


@pytest.mark.depends("test_helper")
@pytest.mark.points(3)
def test_dependent(submission):
    """Depends on the first"""
    assert submission.double(torch.ones(1)) == 2, "double(1) is 2"


@pytest.mark.parametrize("n", [1, 2])
def test_many(submission, n):
    """One check for each size"""
    assert submission.double(torch.ones(n)).numel() == n, "size"


class TestClass:
    def test_in_a_class(self, submission):
        """A check in a class"""
        assert submission.double(torch.zeros(())) == 0, "zero"


def test_without_docstring(submission):
    submission.double(torch.zeros(1))


def test_fails_by_itself(submission):
    """pytest.fail"""
    if submission.double(torch.ones(())) != 2:
        pytest.fail("twice one is two")
