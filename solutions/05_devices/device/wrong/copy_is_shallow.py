"""`copy` makes a new outer container. To whom do the lists and dicts inside of it belong?"""

import copy

import torch


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move_model(model, device):
    return model.to(device)


def move_batch(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, tuple):
        return tuple(move_batch(item, device) for item in batch)
    if isinstance(batch, (list, dict)):
        return fill(copy.copy(batch), device)
    return batch


def fill(container, device):
    items = container.items() if isinstance(container, dict) else enumerate(container)
    for key, value in items:
        if isinstance(value, (list, dict)):
            fill(value, device)
        else:
            container[key] = move_batch(value, device)
    return container
