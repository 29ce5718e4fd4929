"""A function of the suite that is called by a thread, after its check, or without end is answered in turn or not at all.

exercise: sequential
keeps: test_parameters
expect: crashed skipped failed raised timed_out
"""

import threading

from torch import nn

kept = []


class Sequential(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        kept.extend(layers)

    def forward(self, X):
        threads = [threading.Thread(target=layer, args=(X,)) for layer in kept]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return X
