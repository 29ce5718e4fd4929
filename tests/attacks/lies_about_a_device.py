"""An object that equals everything is not a torch.device, whatever it calls itself.

exercise: device
keeps: test_one_tensor test_dtypes test_nested_containers test_other_values test_the_callers_batch_is_left_alone test_model test_buffers test_no_detour
expect: failed raised
"""

import torch


class Agreeable(str):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return 0


class device:
    type, index = Agreeable("cpu"), None

    def __eq__(self, other):
        return True

    def __str__(self):
        return "cpu"

    __hash__ = None


device.__module__, device.__qualname__ = "torch", "device"


def best_device():
    return device()


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
