"""Reads the source of an installed package.

kind: what the host is
stopped by: nothing
"""

import torch


def attack() -> bool:
    with open(torch.nn.modules.linear.__file__) as file:
        return "class Linear" in file.read()
