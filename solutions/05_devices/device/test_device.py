"""Suite of device. It needs no GPU.

The device to move to is "meta", whose tensors have shape, dtype and device but no values: what stays behind
on the CPU shows, and a detour off it can't work, because there is nothing to copy. Values are checked on the
CPU, and on CUDA where the machine has it.

What arrives is compared with tensors that the submission never saw: it gets copies, and may write into them.
"""

import pytest
import torch
from torch import nn

from grader.suite import assert_unchanged, assert_value

CPU, META = torch.device("cpu"), torch.device("meta")


def devices_with_values():
    """The devices of this machine whose tensors have values."""
    return [CPU, torch.device("cuda", 0)] if torch.cuda.is_available() else [CPU]


def assert_moved(actual, original, device, *, of, at=""):
    """`actual` is what `original` becomes on the device: containers, tensors and all else, compared in depth.

    `of` names the whole and `at` the place in it, such as "[0]['left']".
    """
    name = f"{of} at {at}" if at else of
    if isinstance(original, torch.Tensor):
        assert isinstance(actual, torch.Tensor), f"{name} should be a tensor, but it is {kind(actual)}."
        assert actual.device.type == device.type, f"{name} is on {actual.device}, not on {device}."
        assert_value(actual, original.to(device), of=name, rtol=0, atol=0)
        return
    assert type(actual) is type(original), f"{name} should be {kind(original)}, but it is {kind(actual)}."
    if isinstance(original, dict):
        assert list(actual) == list(original), f"{name} has other keys, or its keys in another order."
        for key in original:
            assert_moved(actual[key], original[key], device, of=of, at=f"{at}[{key!r}]")
    elif isinstance(original, (tuple, list)):
        assert len(actual) == len(original), f"{name} has length {len(actual)}, expected {len(original)}."
        for i, item in enumerate(original):
            assert_moved(actual[i], item, device, of=of, at=f"{at}[{i}]")
    else:
        assert actual == original, f"{name} is not a tensor and should be what it was."


def kind(value):
    """What something is, for a message."""
    if value is None:
        return "None"
    return "a tensor" if isinstance(value, torch.Tensor) else f"of type {type(value).__name__}"


def copied(batch):
    """Copies of the tensors in containers of their own. A submission that changes its batch loses points for
    that in one check; the others compare with a batch that it never saw."""
    if isinstance(batch, dict):
        return {key: copied(value) for key, value in batch.items()}
    if isinstance(batch, (tuple, list)):
        return type(batch)(copied(item) for item in batch)
    return batch.clone() if isinstance(batch, torch.Tensor) else batch


def fresh_model():
    """A model with parameters and buffers at two levels, and of two dtypes. The buffers are those of the
    normalisation."""
    inner = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).double()
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), inner)


def tensors_of(module, which):
    """The module's parameters or buffers by name; `which` is "parameter" or "buffer"."""
    return dict(module.named_parameters() if which == "parameter" else module.named_buffers())


def assert_model_moved(submission, which):
    """move_model brings all parameters, or all buffers, to every device. Returns what move_model returned."""
    returned = None
    for device in (META, *devices_with_values()):
        model = fresh_model()
        before = {name: t.detach().clone() for name, t in tensors_of(model, which).items()}
        returned = submission.move_model(model, device)
        after = tensors_of(returned if isinstance(returned, nn.Module) else model, which)
        assert set(after) == set(before), f"The model has other {which}s after the move than before."
        for name, original in before.items():
            assert_moved(after[name].detach(), original, device, of=f"The {which} {name}")
    return returned


@pytest.mark.points(1)
@pytest.mark.pretend(cuda=False)
@pytest.mark.hint("What does torch.cuda.is_available() say on this machine, and what do you make of its answer?")
def test_best_device_without_cuda(submission):
    """best_device() is the CPU where there is no CUDA"""
    device = submission.best_device()
    assert isinstance(device, torch.device), f"best_device() should be a torch.device, but it is {kind(device)}."
    assert device.type == "cpu", f"best_device() is {device} on a machine without CUDA."


@pytest.mark.points(1)
@pytest.mark.pretend(cuda=True)
@pytest.mark.hint("The machine of this check says that it has one GPU. What number does the first one have?")
def test_best_device_with_cuda(submission):
    """best_device() is CUDA where it is available"""
    device = submission.best_device()
    assert isinstance(device, torch.device), f"best_device() should be a torch.device, but it is {kind(device)}."
    assert device.type == "cuda", f"best_device() is {device} on a machine with CUDA."
    assert device.index in (None, 0), f"best_device() is {device} on a machine with one GPU."


@pytest.mark.points(1)
@pytest.mark.hint("Tensor.to returns a tensor. What do you do with it?")
def test_one_tensor(submission):
    """move_batch moves a single tensor and keeps its values"""
    X = torch.randn(3, 4)
    given = X.clone()
    with assert_unchanged(X=given):
        assert_moved(submission.move_batch(given, META), X, META, of="The tensor")
    for device in devices_with_values():
        assert_moved(submission.move_batch(X.clone(), device), X, device, of="The tensor")
    needy = X.clone().requires_grad_()
    for device in (META, *devices_with_values()):
        moved = submission.move_batch(needy, device)
        assert isinstance(moved, torch.Tensor), f"The moved tensor is {kind(moved)}."
        assert moved.requires_grad, "A tensor that needs a gradient is cut off from autograd's graph by the move."


@pytest.mark.points(1)
@pytest.mark.hint("Which dtype do labels have, and which one a mask?")
def test_dtypes(submission):
    """tensors keep their dtype"""
    for dtype in (torch.float64, torch.float16, torch.int64, torch.bool):
        X = torch.randint(2, (3, 2)).to(dtype)
        for device in (META, *devices_with_values()):
            moved = submission.move_batch(X, device)
            assert isinstance(moved, torch.Tensor), f"The moved tensor is {kind(moved)}."
            assert moved.dtype == dtype, f"A tensor of {dtype} arrives as {moved.dtype}."


@pytest.mark.points(1)
@pytest.mark.hint("What is in a dict inside of a list inside of a tuple? Which function moves that?")
def test_nested_containers(submission):
    """tensors in nested tuples, lists and dicts are moved, and the containers keep their kind"""
    batches = [
        (torch.randn(3, 4), torch.randn(3)),
        [torch.randn(2), torch.randn(3)],
        {"image": torch.randn(2, 3), "label": torch.randn(2)},
        ([torch.randn(2), (torch.randn(3), {"b": torch.randn(1), "a": [torch.randn(2, 2)]})], {}, ()),
        {"inputs": {"left": (torch.randn(2),), "right": [torch.randn(3)]}, "weights": [[torch.randn(1)]]},
    ]
    for batch in batches:
        assert_moved(submission.move_batch(copied(batch), META), batch, META, of="The result")
    for device in devices_with_values():
        assert_moved(submission.move_batch(copied(batches[3]), device), batches[3], device, of="The result")


@pytest.mark.points(1)
@pytest.mark.hint("What should become of the number of an example, its file name, or a None?")
def test_other_values(submission):
    """whatever is not a tensor arrives as it was"""
    for value in (7, 2.5, "cat.png", True, None):
        assert_moved(submission.move_batch(value, META), value, META, of=f"The value {value!r}")
    # Among tensors, too. The kind of the container and the tensors themselves are for other checks.
    others = (3, "dog.png", None, 0.5)
    for batch in (
        [*others, torch.randn(2)],
        (*others, torch.randn(2)),
        {**dict(enumerate(others)), 9: torch.randn(2)},
    ):
        moved = submission.move_batch(copied(batch), META)
        assert isinstance(moved, (tuple, list, dict)), f"The result for a container is {kind(moved)}."
        items = list(moved.values() if isinstance(moved, dict) else moved)
        assert len(items) == 5, f"A {type(batch).__name__} of 5 items arrives with {len(items)}."
        assert_moved(items[:4], list(others), META, of="The result")


@pytest.mark.points(1)
@pytest.mark.hint("Print the batch itself after the call. Into which list or dict do you write?")
def test_the_callers_batch_is_left_alone(submission):
    """the batch that was given stays as it was"""
    X, Y, Z = torch.randn(3, 2), torch.randn(2), torch.randn(1)
    inner_list, inner_dict = [Y], {"z": Z}
    batch = {"x": X, "list": inner_list, "dict": inner_dict}
    with assert_unchanged(X=X, Y=Y, Z=Z):
        submission.move_batch(batch, META)
        submission.move_batch(inner_list, META)
        assert all(t.device == CPU for t in (X, Y, Z)), "A tensor of the caller's is on another device after the call."
    assert list(batch) == ["x", "list", "dict"], "The caller's dict has other keys after the call."
    assert batch["x"] is X, "The caller's dict holds another tensor after the call."
    assert batch["list"] is inner_list, "The caller's dict holds another list after the call."
    assert batch["dict"] is inner_dict, "The caller's dict holds another dict after the call."
    assert len(inner_list) == 1, "A list of the caller's has another length after the call."
    assert inner_list[0] is Y, "A list of the caller's holds another tensor after the call."
    assert list(inner_dict) == ["z"], "An inner dict of the caller's has other keys after the call."
    assert inner_dict["z"] is Z, "An inner dict of the caller's holds another tensor after the call."


@pytest.mark.points(1)
@pytest.mark.hint("What does move_model return, and on which device is model[0].weight after it?")
def test_model(submission):
    """move_model moves every parameter and returns the model"""
    returned = assert_model_moved(submission, "parameter")
    assert isinstance(returned, nn.Module), f"move_model returned {kind(returned)}, not the model."


@pytest.mark.points(1)
@pytest.mark.hint("What does list(model.buffers()) hold, besides the parameters?")
def test_buffers(submission):
    """move_model moves every buffer"""
    assert_model_moved(submission, "buffer")


@pytest.mark.points(1)
@pytest.mark.hint("Does your code first bring everything to the CPU?")
def test_no_detour(submission):
    """what is on the device already stays there"""
    X, model = torch.empty(3, 2, device=META), fresh_model()
    model.to(META)
    try:
        moved = submission.move_batch(X, META)
        submission.move_model(model, META)
    except NotImplementedError as error:
        # What torch raises when the values of a meta tensor are asked for. A stub raises another one.
        if "meta tensor" not in str(error):
            raise
        pytest.fail("A tensor that was on the device already was taken off it.")
    assert_moved(moved, torch.empty(3, 2, device=META), META, of="The tensor")
    for name, tensor in model.state_dict().items():
        assert tensor.device == META, f"{name} is on {tensor.device} now: it was on the device already."
