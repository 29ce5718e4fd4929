"""Putting a model and its data on the same device.

Three functions that every training script needs.

    best_device()               a torch.device: CUDA if torch says that CUDA is available, the CPU otherwise
    move_model(model, device)   moves a module's parameters and buffers to the device, and returns the module
    move_batch(batch, device)   returns the batch with all its tensors on the device

A batch is a tensor, or a tuple, list or dict of batches, nested in any way. Anything else in it (a number, a
text, None ...) goes into the result as it is.

What is graded
- best_device, on machines with CUDA and without
- the tensors keep their shape, dtype and values, and their place in autograd's graph
- the result of move_batch has tuples, lists and dicts where the batch has them, with the same keys and order
- the batch that was given is left as it was: no container of the caller's changes
- a model arrives with all its parameters and buffers
- what is on the device already stays there: no tensor makes a detour through another device

`device` is always a torch.device.
"""


def best_device():
    raise NotImplementedError


def move_model(model, device):
    raise NotImplementedError


def move_batch(batch, device):
    raise NotImplementedError
