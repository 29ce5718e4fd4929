"""Read both branches aloud. When does your function return a CUDA device?"""

import torch


def best_device():
    if torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cpu")


def move_model(model, device):
    return model.to(device)


def move_batch(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, (tuple, list)):
        return type(batch)(move_batch(item, device) for item in batch)
    if isinstance(batch, dict):
        return {key: move_batch(value, device) for key, value in batch.items()}
    return batch
