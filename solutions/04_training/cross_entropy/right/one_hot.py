"""A one-hot matrix chooses the logits; log_softmax keeps every term finite."""

import torch
from torch.nn import Module, functional


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        chosen = functional.one_hot(Y, H.shape[1]).to(H.dtype)
        return -(chosen * torch.log_softmax(H, dim=1)).sum() / H.shape[0]
