"""A submission that ties the suite's own lists into knots cannot make the check anybody else's fault.

exercise: device
keeps: test_best_device_without_cuda test_best_device_with_cuda test_model test_buffers test_dtypes test_no_detour
expect: failed
"""

import torch


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move_model(model, device):
    return model.to(device)


def nest(value, depth=50):
    for _ in range(depth):
        value = [value]
    return value


def move_batch(batch, device):
    if isinstance(batch, dict) and "list" in batch:
        inner = batch["list"]
        inner.append(nest(batch["dict"]))
        batch["dict"]["more"] = nest(batch)
        batch["again"] = batch
    elif isinstance(batch, list):
        batch.append(nest(batch))
        batch.append(batch)
    return batch
