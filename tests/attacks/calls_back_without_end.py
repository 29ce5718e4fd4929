"""Modules of the suite called back by number, in an endless row, cost the check its time and no more.

exercise: sequential
keeps: test_parameters
expect: timed_out crashed skipped failed
"""

import torch
from torch import nn
from worker import protocol


class Sequential(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, X):
        import sys

        frame = sys._getframe()
        while "request" not in frame.f_locals or not hasattr(frame.f_locals.get("self"), "tables"):
            frame = frame.f_back
        worker = frame.f_locals["self"]
        while True:
            for number in list(worker.tables._theirs):
                try:
                    worker.call_back(number, (torch.zeros(1, 4),), {})
                except Exception:
                    pass
