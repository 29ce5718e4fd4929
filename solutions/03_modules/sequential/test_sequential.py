"""Suite of sequential. The reference calls the same layers one by one, in the suite.

Layers are random linear maps with tanh in between, because these don't commute: another order shows. Checks
of something else have one layer, or layers of one kind, so that a wrong order costs nothing there.

The reference is computed before the submission gets the layers: from then on it may write into their weights.
"""

import pytest
import torch
from torch import nn
from torch.nn import functional

from grader.suite import assert_gradient, assert_value


def one_by_one(layers, X):
    """The result of calling the layers in order."""
    for layer in layers:
        X = layer(X)
    return X


def assert_applies(make_model, layers, X, *, of):
    """The model made of the layers gives what they give. The graph of either isn't looked at. Returns the model."""
    expected = one_by_one(layers, X).detach()
    model = make_model(*layers)
    assert_value(model(X), expected, of=of)
    return model


@pytest.mark.points(2)
@pytest.mark.hint("Which value goes into the first layer, which into the second, and which one is returned?")
def test_order(submission):
    """the layers are applied one after the other, in the given order"""
    # All maps are 4 -> 4, so that layers in a wrong order give wrong values rather than an error.
    layers = [nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4)]
    assert_applies(submission.Sequential, layers, torch.randn(3, 4), of="The result of three layers")
    layers = [nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)]
    assert_applies(submission.Sequential, layers, torch.randn(3, 4), of="The result of 4 -> 6 -> 2")


@pytest.mark.points(1)
@pytest.mark.depends("test_order")
@pytest.mark.hint("Do the names under which the layers are kept say anything about their order?")
def test_one_layer_and_many(submission):
    """it works with one layer and with a dozen"""
    # One example in one of the batches: a dimension of size 1 is one that gets lost unseen.
    for count, batch in ((1, 1), (12, 2)):
        layers = [nn.Linear(3, 3) for _ in range(count)]
        for i, layer in enumerate(layers):
            # Each layer turns and shifts in its own way, and none of them shrinks X to nothing.
            with torch.no_grad():
                layer.weight.copy_(torch.linalg.qr(torch.randn(3, 3))[0])
                layer.bias.fill_(float(i + 1))
        of = f"The result with {count} layer{'s' if count > 1 else ''}"
        assert_applies(submission.Sequential, layers, torch.randn(batch, 3), of=of)


@pytest.mark.points(2)
@pytest.mark.hint("What does list(model.parameters()) hold? Which attributes of a Module count as submodules?")
def test_parameters(submission):
    """model.parameters() holds the parameters of all layers"""
    model = submission.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2, bias=False), nn.Linear(2, 5))
    assert isinstance(model, nn.Module), "Sequential should be a torch.nn.Module."
    shapes = sorted(tuple(parameter.shape) for parameter in model.parameters())
    assert shapes == sorted([(6, 4), (6,), (2, 6), (5, 2), (5,)]), (
        f"The layers have 5 parameters together; model.parameters() holds {len(shapes)}."
        if len(shapes) != 5
        else "model.parameters() holds 5 parameters, but not those of the layers."
    )


@pytest.mark.points(1)
@pytest.mark.hint("Change the weight of a layer after it was put into the model. Should the model notice?")
def test_the_given_layers_run(submission):
    """it runs the layers that it was given, not copies"""
    layer, X, W = nn.Linear(4, 4), torch.randn(3, 4), torch.randn(4, 4)
    expected = functional.linear(X, W, layer.bias.detach())
    model = submission.Sequential(layer)
    model(X)
    with torch.no_grad():
        layer.weight.copy_(W)
    assert_value(model(X), expected, of="The result after the layer's weight was changed")


@pytest.mark.points(1)
@pytest.mark.hint("What does model.eval() do, and how does it find the layers?")
def test_modes_and_dtypes_reach_the_layers(submission):
    """model.eval() and model.double() reach every layer"""
    model, X = submission.Sequential(nn.Dropout(0.5), nn.Dropout(0.5)), torch.randn(6, 5)
    model.eval()
    # In evaluation mode dropout does nothing; in training mode each element changes: it is zeroed or scaled.
    expected = X.clone()
    assert_value(model(X), expected, of="The result of two dropout layers after model.eval()")
    layer, X = nn.Linear(4, 3), torch.randn(3, 4, dtype=torch.float64)
    expected = functional.linear(X, layer.weight.detach().double(), layer.bias.detach().double())
    model = submission.Sequential(layer)
    model.double()
    assert_value(model(X), expected, of="The result after model.double()")
    layer = nn.Linear(4, 3).double()
    expected = functional.linear(X, layer.weight.detach(), layer.bias.detach())
    assert_value(submission.Sequential(layer)(X), expected, of="The result of a layer that was float64 before")


@pytest.mark.points(1)
@pytest.mark.depends("test_order")
@pytest.mark.hint("Two Sequential objects exist at the same time here. Where does each keep its layers?")
def test_nested(submission):
    """a Sequential may be a layer of another one"""

    def nested(first, second, third, fourth):
        return submission.Sequential(first, submission.Sequential(second, third), fourth)

    layers = [nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh()]
    assert_applies(nested, layers, torch.randn(3, 4), of="The result of a Sequential inside another one")


@pytest.mark.points(1)
@pytest.mark.depends("test_order")
@pytest.mark.hint("How many times does a layer run that was given twice? And how often do its parameters count?")
def test_same_layer_twice(submission):
    """a layer that is given twice runs twice, with one set of parameters"""
    shared, other = nn.Linear(4, 4), nn.Linear(4, 4)
    layers = [shared, nn.Tanh(), shared, other, shared]
    of = "The result with one layer in three places"
    model = assert_applies(submission.Sequential, layers, torch.randn(3, 4), of=of)
    count = len(list(model.parameters()))
    assert count <= 4, f"Two linear layers, one of them in three places: {count} parameters are too many."


@pytest.mark.points(1)
@pytest.mark.depends("test_order")
@pytest.mark.hint("Is every step from X to the result still known to autograd?")
def test_gradients(submission):
    """gradients reach every layer and X"""
    layers = [nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)]
    X, grad = torch.randn(3, 4, requires_grad=True), torch.randn(3, 2)
    leaves = {
        "X": X,
        **{f"{i} (layer {n})": getattr(layers[n], i) for n in (0, 2) for i in ("weight", "bias")},
    }
    expected = torch.autograd.grad(one_by_one(layers, X), list(leaves.values()), grad)
    out = submission.Sequential(*layers)(X)
    assert isinstance(out, torch.Tensor), "The model should return a tensor."
    assert out.shape == grad.shape, f"The model returned the shape {tuple(out.shape)}, expected (3, 2)."
    assert out.requires_grad, "The result is cut off from the layers and X: no gradient can flow back."
    actual = torch.autograd.grad(out, list(leaves.values()), grad, allow_unused=True)
    for name, got, wanted in zip(leaves, actual, expected, strict=True):
        assert_gradient(got, wanted, of=f"dL/d{name}")
