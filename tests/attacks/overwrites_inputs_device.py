"""A batch whose entries are replaced by zeros, in the caller's own containers, has not been moved.

exercise: device
keeps: test_best_device_without_cuda test_best_device_with_cuda test_dtypes test_other_values test_model test_buffers test_no_detour
expect: failed
"""

import torch


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move_model(model, device):
    return model.to(device)


def move_batch(batch, device):
    if isinstance(batch, torch.Tensor):
        batch.data.zero_()
        return batch.to(device)
    if isinstance(batch, tuple):
        return tuple(move_batch(item, device) for item in batch)
    if isinstance(batch, (list, dict)):
        for key in range(len(batch)) if isinstance(batch, list) else list(batch):
            batch[key] = move_batch(batch[key], device)
    return batch
