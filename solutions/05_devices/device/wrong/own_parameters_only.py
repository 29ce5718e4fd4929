"""A model is made of modules that are made of modules. Whose parameters does `_parameters` hold?"""

import torch


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move_model(model, device):
    for module in [model, *model.children()]:
        for name, parameter in module._parameters.items():
            setattr(module, name, torch.nn.Parameter(parameter.detach().to(device)))
        for name, buffer in module._buffers.items():
            setattr(module, name, buffer.to(device))
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
