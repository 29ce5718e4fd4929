"""Suite of the exercise: values, then the gradient."""

import torch

from grader.suite import assert_gradient, assert_unchanged, assert_value


def test_values(submission):
    """each element is doubled, and X stays as it was"""
    X = torch.rand(1, 3, dtype=torch.float64) + 1
    expected = X + X
    with assert_unchanged(X=X):
        result = submission.double(X)
    assert_value(result, expected)


def test_gradient(submission):
    """the gradient of X is twice the incoming one"""
    X = torch.rand(2, 3, requires_grad=True)
    incoming = torch.rand(2, 3)
    result = submission.double(X)
    assert_value(result, 2 * X.detach())
    result.backward(incoming)
    assert_gradient(X.grad, 2 * incoming, of="dL/dX")
