"""List `model.named_buffers()` after the move. What does a normalisation layer need besides its
parameters?"""

import torch


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move_model(model, device):
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            moved = torch.nn.Parameter(parameter.detach().to(device), parameter.requires_grad)
            setattr(module, name, moved)
    return model


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
