"""Callbacks that call back are cut off at some depth, and take the worker with them.

exercise: device
keeps: test_best_device_without_cuda test_best_device_with_cuda test_one_tensor test_dtypes test_nested_containers test_other_values test_the_callers_batch_is_left_alone
expect: crashed
"""

import torch
from worker import protocol, serve, tables

given = {}
honest_enter, honest_reply = tables.Tables.enter, serve.Worker._reply
state = {"on": False}


def enter(self, id, value):
    given[type(value).__name__] = id
    return honest_enter(self, id, value)


def again(self, number, result, out):
    """Call a normalisation of the suite. It asks its input for dim(): the input is ours, and calls it once more."""
    if not state["on"]:
        return honest_reply(self, number, result, out)
    handle = protocol.Handle(-77, ["student.Input"], "", False, True)
    callback = protocol.Callback(given["BatchNorm1d"], [handle], [])
    self._connection.send(protocol.Reply(number, protocol.Sync([], []), callback), protocol.Body())


tables.Tables.enter, serve.Worker._reply = enter, again


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move_model(model, device):
    state["on"] = True


def move_batch(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, (tuple, list)):
        return type(batch)(move_batch(item, device) for item in batch)
    if isinstance(batch, dict):
        return {key: move_batch(value, device) for key, value in batch.items()}
    return batch
