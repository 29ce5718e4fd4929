"""A worker that exits while its child holds the wire and the output has crashed, and the child goes too.

exercise: relu
confined: not_permitted skipped
expect: crashed skipped timed_out
"""

import os
import threading

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        if os.fork():
            os._exit(0)
        threading.Event().wait()

    def parameters(self):
        raise ValueError
