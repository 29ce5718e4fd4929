"""A model whose parameters and buffers are zeroed on the way has not been moved.

exercise: device
keeps: test_best_device_without_cuda test_best_device_with_cuda test_one_tensor test_dtypes test_nested_containers test_other_values test_the_callers_batch_is_left_alone test_no_detour
expect: failed
"""

import torch


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move_model(model, device):
    for tensor in model.state_dict().values():
        tensor.zero_()
    return model.to(device)


def move_batch(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, (tuple, list)):
        return type(batch)(move_batch(item, device) for item in batch)
    if isinstance(batch, dict):
        return {key: move_batch(value, device) for key, value in batch.items()}
    return batch
