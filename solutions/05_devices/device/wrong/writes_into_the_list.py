"""Print the caller's batch after the call. Whose list and whose dict do you write the moved tensors into?"""

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
    if isinstance(batch, list):
        for i, item in enumerate(batch):
            batch[i] = move_batch(item, device)
        return batch
    if isinstance(batch, dict):
        for key, value in batch.items():
            batch[key] = move_batch(value, device)
        return batch
    return batch
