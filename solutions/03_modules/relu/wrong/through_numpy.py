"""Does your result have a grad_fn? What does autograd know about things that numpy has computed?"""

import numpy as np
import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        return torch.from_numpy(np.maximum(X.detach().numpy(), np.zeros((), X.detach().numpy().dtype)))
