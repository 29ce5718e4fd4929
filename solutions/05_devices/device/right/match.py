"""Structural pattern matching."""

import torch


def best_device():
    if torch.cuda.is_available():
        return torch.device("cuda", 0)
    return torch.device("cpu")


def move_model(model, device):
    return model.to(device)


def move_batch(batch, device):
    match batch:
        case torch.Tensor():
            return batch.to(device=device, non_blocking=True)
        case dict():
            return dict(zip(batch, move_batch(list(batch.values()), device), strict=True))
        case list():
            return [move_batch(item, device) for item in batch]
        case tuple():
            return (*move_batch(list(batch), device),)
        case _:
            return batch
