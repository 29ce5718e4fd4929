"""Copies the containers first, then fills the copy; a stack instead of recursion."""

import torch


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move_model(model, device):
    return model.to(device)


def move_batch(batch, device):
    root = [batch]
    waiting = [(root, 0)]
    tuples = []
    while waiting:
        container, key = waiting.pop()
        value = container[key]
        if isinstance(value, torch.Tensor):
            container[key] = value.to(device)
        elif isinstance(value, dict):
            container[key] = dict(value)
            waiting += [(container[key], inner) for inner in value]
        elif isinstance(value, (list, tuple)):
            container[key] = list(value)
            waiting += [(container[key], inner) for inner in range(len(value))]
            if isinstance(value, tuple):
                tuples.append((container, key))
    for container, key in reversed(tuples):  # inner tuples last found, first made
        container[key] = tuple(container[key])
    return root[0]
