"""An object whose length never comes costs its check and no more, also while the judge words the feedback.

exercise: relu
expect: failed raised timed_out skipped
"""

from torch.nn import Module


class Result(list):
    def __len__(self):
        while True:
            pass


class ReLU(Module):
    def forward(self, X):
        if X.shape == (6, 5) and not X.requires_grad:
            return Result()
        raise ValueError

    def parameters(self):
        return Result()
