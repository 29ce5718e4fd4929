"""A list that contains itself is refused where it is made.

exercise: device
keeps: test_best_device_without_cuda test_best_device_with_cuda test_model test_buffers
expect: raised failed
"""

import torch


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move_model(model, device):
    return model.to(device)


def move_batch(batch, device):
    result = []
    result.append(result)
    return result
