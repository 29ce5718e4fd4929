"""Count the items of a batch before and after the move. Where are the numbers and texts?"""

import torch


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


CONTAINERS = (torch.Tensor, tuple, list, dict)


def move_model(model, device):
    return model.to(device)


def move_batch(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, tuple):
        return tuple(move_batch(item, device) for item in batch if isinstance(item, CONTAINERS))
    if isinstance(batch, list):
        return [move_batch(item, device) for item in batch if isinstance(item, CONTAINERS)]
    if isinstance(batch, dict):
        return {key: move_batch(value, device) for key, value in batch.items() if isinstance(value, CONTAINERS)}
    return batch
