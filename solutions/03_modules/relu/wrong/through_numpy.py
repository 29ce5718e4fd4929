"""Does your result have a grad_fn? What does autograd know about things that numpy has computed?"""

import numpy as np
import torch
from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        array = X.detach().numpy()
        return torch.as_tensor(np.maximum(array, array.dtype.type(0)))
