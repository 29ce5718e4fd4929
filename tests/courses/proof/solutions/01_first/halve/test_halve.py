"""A suite with a check that misses much, one that finds nothing, and one that finds nothing new."""

import pytest
import torch

from grader.suite import assert_value


def test_values(submission):
    """each element is halved"""
    X = torch.rand(2, 3) + 1
    expected = X / 2
    assert_value(submission.halve(X), expected)


def test_idle(submission):
    """there is a function"""
    assert submission.halve is not None, "halve is missing"


@pytest.mark.depends(
    "test_values",
)
def test_one_number(submission):
    """a single number is halved"""
    expected = torch.tensor(4.0)
    assert_value(submission.halve(torch.tensor(8.0)), expected)
