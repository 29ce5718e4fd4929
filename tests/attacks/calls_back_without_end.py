"""Modules of the suite called back by number, in an endless row, cost the check its time and no more.

exercise: sequential
keeps: test_parameters
expect: timed_out raised skipped
"""

import torch
from torch import nn
from worker import tables

given = []
honest = tables.Tables.enter


def enter(self, id, value):
    given.append((self.call_back, id))
    return honest(self, id, value)


tables.Tables.enter = enter


class Sequential(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, X):
        if X.shape != (3, 4) or X.dtype != torch.float32 or len(self.layers) == 1:
            raise ValueError
        while True:
            for call_back, number in given:
                try:
                    call_back(number, (torch.zeros(1, 4),), {})
                except Exception:
                    pass
