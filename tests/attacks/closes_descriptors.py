"""A submission that closes all its descriptors has ended the conversation.

exercise: relu
expect: crashed skipped
"""

import os

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        os.closerange(0, 4096)
        return X.clamp(min=0)
