"""A list of Python numbers has neither dtype nor history. What are the dtype and the grad_fn of the tensor
that you make from it?"""

import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return torch.tensor([max(x, 0.0) for x in X.flatten().tolist()]).reshape(X.shape)
