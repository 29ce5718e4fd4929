"""What does your code do with a list inside of a dict? A batch is a tensor or a container of batches: which
function knows how to move a batch?"""

import torch


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move_model(model, device):
    return model.to(device)


def move_one(value, device):
    return value.to(device) if isinstance(value, torch.Tensor) else value


def move_batch(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, tuple):
        return tuple(move_one(item, device) for item in batch)
    if isinstance(batch, list):
        return [move_one(item, device) for item in batch]
    if isinstance(batch, dict):
        return {key: move_one(value, device) for key, value in batch.items()}
    return batch
