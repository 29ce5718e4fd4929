"""Reference solution."""

import torch


def double(X):
    return torch.mul(X, 2)
