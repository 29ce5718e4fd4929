"""A loss that changes the labels to 0 is not the loss of the labels that were given.

exercise: cross_entropy
keeps: test_gradcheck
expect: failed skipped
"""

from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        Y.zero_()
        return (H.logsumexp(1) - H[:, 0]).mean()
