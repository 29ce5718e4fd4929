"""Looks at each row relative to the label's logit."""

from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        margins = H - H.gather(1, Y.view(-1, 1))
        return margins.logsumexp(dim=1).mean()
