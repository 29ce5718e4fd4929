"""log_softmax, then gather with the labels as a column."""

from torch.nn import Module, functional


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        logP = functional.log_softmax(H, dim=-1)
        return -logP.gather(1, Y.unsqueeze(1)).squeeze(1).mean()
