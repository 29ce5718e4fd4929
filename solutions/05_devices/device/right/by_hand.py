"""Replaces parameters and buffers one by one, and only those that are elsewhere; no recursion in
move_model."""

import torch

DEVICES = {True: torch.device("cuda:0"), False: torch.device("cpu")}


def best_device():
    return DEVICES[torch.cuda.is_available()]


def move_model(model, device):
    for module in model.modules():
        for register in (module._parameters, module._buffers):
            for name, tensor in register.items():
                if tensor is None or tensor.device == device:
                    continue
                moved = tensor.detach().to(device)
                if register is module._parameters:
                    moved = torch.nn.Parameter(moved, requires_grad=tensor.requires_grad)
                register[name] = moved
    return model


def move_batch(batch, device):
    if torch.is_tensor(batch):
        return batch if batch.device == device else batch.to(device)
    if type(batch) is dict:
        moved = {}
        for key in batch:
            moved[key] = move_batch(batch[key], device)
        return moved
    if type(batch) in (list, tuple):
        moved = []
        for item in batch:
            moved.append(move_batch(item, device))
        return moved if type(batch) is list else tuple(moved)
    return batch
