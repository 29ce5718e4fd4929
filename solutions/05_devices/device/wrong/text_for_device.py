"""Print `type(best_device())`. A text works in many places where a device does, but has it a `.type` or an
`.index`?"""

import torch


def best_device():
    return "cuda" if torch.cuda.is_available() else "cpu"


def move_model(model, device):
    return model.to(device)


def move_batch(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, tuple):
        return tuple(move_batch(item, device) for item in batch)
    if isinstance(batch, list):
        return [move_batch(item, device) for item in batch]
    if isinstance(batch, dict):
        return {key: move_batch(value, device) for key, value in batch.items()}
    return batch
