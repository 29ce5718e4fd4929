"""Dicts whose keys lie about their hash and equality are plain objects to the judge.

exercise: device
keeps: test_best_device_without_cuda test_best_device_with_cuda test_model test_buffers test_the_callers_batch_is_left_alone
expect: raised failed crashed timed_out
"""

import random

import torch


class Key:
    def __hash__(self):
        return -3

    def __eq__(self, other):
        return random.random() < 0.5


class Text(str):
    def __hash__(self):
        return 0

    def __eq__(self, other):
        raise SystemExit


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move_model(model, device):
    return model.to(device)


def move_batch(batch, device):
    if isinstance(batch, torch.Tensor):
        return {float("nan"): batch, (): {}, -3: Key()}
    return {Key(): 1, Key(): 2, Text("inputs"): 3, -3: 4, float("nan"): 5, None: 6, (1, (2,)): 7}
