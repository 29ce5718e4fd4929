import torch

from grader.suite import assert_value


def test_double(submission):
    """twice as much"""
    x = torch.randn(3)
    expected = 2 * x
    assert_value(submission.double(x), expected)
