"""Suite of matmul. The reference is torch's own product and its gradients, by autograd.

It is computed before each call: afterwards X, Y and grad hold what the submission has left there.
"""

import pytest
import torch

from grader.suite import assert_gradcheck, assert_gradient, assert_unchanged, assert_value

GRADIENTS = ("test_gradient_of_X", "test_gradient_of_Y")


def gradients(Z, inputs, grad):
    """dL/d(inputs) for dL/dZ = grad, None where no gradient arrives. Every rung before it has a text."""
    assert isinstance(Z, torch.Tensor), "MatMul.apply should return a tensor."
    assert Z.shape == grad.shape, f"MatMul.apply returned the shape {tuple(Z.shape)}, not (m, p)."
    assert Z.requires_grad, "The result is cut off from its inputs: no gradient can flow back."
    return torch.autograd.grad(Z, inputs, grad.to(Z.dtype), allow_unused=True)


def expected_gradients(X, Y, grad):
    """The same from torch's own product, on copies."""
    X, Y = X.detach().clone().requires_grad_(), Y.detach().clone().requires_grad_()
    return torch.autograd.grad(X @ Y, (X, Y), grad)


@pytest.mark.points(2)
@pytest.mark.hint("For which sizes is it right, and for which wrong? Compute one entry of Z by hand.")
def test_forward(submission):
    """MatMul.apply(X, Y) is the matrix product, for all sizes"""
    # The square product comes first: an elementwise product gets through it without an error, and is then
    # told about its values.
    for m, n, p in ((4, 4, 4), (5, 4, 3), (2, 3, 6), (1, 4, 3), (4, 1, 5), (3, 5, 1), (1, 1, 1)):
        X, Y = torch.randn(m, n), torch.randn(n, p)
        expected = X @ Y
        assert_value(submission.MatMul.apply(X, Y), expected, of=f"Z for X {(m, n)} and Y {(n, p)}")


# Square matrices in the next two checks and in the last one: one gradient of a wrong shape makes autograd
# refuse both, and a mistake in one would then cost the points of the other. gradcheck covers other shapes.


@pytest.mark.points(1)
@pytest.mark.hint("Which product of grad (m, p) and Y (n, p) has the shape of X (m, n)?")
def test_gradient_of_X(submission):
    """backward returns dL/dX for any incoming gradient"""
    X, Y = torch.randn(4, 4, requires_grad=True), torch.randn(4, 4, requires_grad=True)
    grad = torch.randn(4, 4)
    expected, _ = expected_gradients(X, Y, grad)
    dX, _ = gradients(submission.MatMul.apply(X, Y), (X, Y), grad)
    assert_gradient(dX, expected, of="dL/dX")


@pytest.mark.points(1)
@pytest.mark.hint("Which product of X (m, n) and grad (m, p) has the shape of Y (n, p)?")
def test_gradient_of_Y(submission):
    """backward returns dL/dY for any incoming gradient"""
    X, Y = torch.randn(4, 4, requires_grad=True), torch.randn(4, 4, requires_grad=True)
    grad = torch.randn(4, 4)
    _, expected = expected_gradients(X, Y, grad)
    _, dY = gradients(submission.MatMul.apply(X, Y), (X, Y), grad)
    assert_gradient(dY, expected, of="dL/dY")


@pytest.mark.points(1)
@pytest.mark.hint("Try m, n and p that are all different: which of the two gradients has the wrong shape?")
def test_gradcheck(submission):
    """both gradients agree with finite differences"""

    def product(X, Y):  # of copies, so that X and Y keep the values at which gradcheck takes differences
        return submission.MatMul.apply(X.clone(), Y.clone())

    # A column times a row at the end: in both gradients a dimension of size 1 could get lost.
    for m, n, p in ((3, 4, 2), (3, 1, 2)):
        X = torch.randn(m, n, dtype=torch.float64, requires_grad=True)
        Y = torch.randn(n, p, dtype=torch.float64, requires_grad=True)
        assert isinstance(product(X, Y), torch.Tensor), "MatMul.apply should return a tensor."
        assert_gradcheck(product, (X, Y), names=("X", "Y"))


@pytest.mark.points(1)
@pytest.mark.depends(*GRADIENTS)
@pytest.mark.hint("backward returns one value for each input of forward, whatever the inputs need.")
def test_one_input_needs_a_gradient(submission):
    """it works when only X or only Y needs a gradient, or neither"""
    X, Y, grad = torch.randn(5, 3), torch.randn(3, 4), torch.randn(5, 4)
    expected_dX, expected_dY = expected_gradients(X, Y, grad)
    assert not submission.MatMul.apply(X, Y).requires_grad, "Z needs a gradient although X and Y don't."
    needy_X, needy_Y = X.clone().requires_grad_(), Y.clone().requires_grad_()
    (dX,) = gradients(submission.MatMul.apply(needy_X, Y), (needy_X,), grad)
    assert_gradient(dX, expected_dX, of="dL/dX, where Y needs no gradient,")
    (dY,) = gradients(submission.MatMul.apply(X, needy_Y), (needy_Y,), grad)
    assert_gradient(dY, expected_dY, of="dL/dY, where X needs no gradient,")


@pytest.mark.points(1)
@pytest.mark.depends(*GRADIENTS)
@pytest.mark.hint("Which dtype does a tensor get that you make yourself, with torch.zeros for instance?")
def test_dtype(submission):
    """float32 stays float32, and float64 keeps its full precision"""
    # Much tighter than the default for float64: a detour through float32 is off by about 1e-7.
    tolerances = {torch.float32: (None, None), torch.float64: (1e-12, 1e-12)}
    for dtype, (rtol, atol) in tolerances.items():
        X, Y = torch.randn(6, 8, dtype=dtype, requires_grad=True), torch.randn(8, 5, dtype=dtype)
        Y.requires_grad_()
        grad = torch.randn(6, 5, dtype=dtype)
        expected_Z, expected = X.detach() @ Y.detach(), expected_gradients(X, Y, grad)
        Z = submission.MatMul.apply(X, Y)
        assert_value(Z, expected_Z, of=f"Z for {dtype} inputs", rtol=rtol, atol=atol)
        for name, actual, wanted in zip(("dL/dX", "dL/dY"), gradients(Z, (X, Y), grad), expected, strict=True):
            assert_gradient(actual, wanted, of=name, rtol=rtol, atol=atol)


@pytest.mark.points(1)
@pytest.mark.depends(*GRADIENTS)
@pytest.mark.hint("Does something in your code only work on a tensor that is contiguous?")
def test_memory_layout(submission):
    """X, Y and grad may be transposed or strided in memory"""
    X = torch.randn(3, 5).T.requires_grad_()  # (5, 3), columns contiguous
    Y = torch.randn(3, 8)[:, ::2].requires_grad_()  # (3, 4), every second column
    grad = torch.randn(4, 5).T  # (5, 4)
    expected_Z, (expected_dX, expected_dY) = X.detach() @ Y.detach(), expected_gradients(X, Y, grad)
    Z = submission.MatMul.apply(X, Y)
    assert_value(Z, expected_Z, of="Z")
    dX, dY = gradients(Z, (X, Y), grad)
    assert_gradient(dX, expected_dX, of="dL/dX")
    assert_gradient(dY, expected_dY, of="dL/dY")


@pytest.mark.points(1)
@pytest.mark.depends(*GRADIENTS)
@pytest.mark.hint("Two products are computed before the first backward. Where does each keep its matrices?")
def test_several_uses(submission):
    """several products in one computation keep apart"""
    W, X, Y = torch.randn(2, 4), torch.randn(4, 3), torch.randn(3, 5)
    ours = [t.clone().requires_grad_() for t in (W, X, Y)]
    theirs = [t.clone().requires_grad_() for t in (W, X, Y)]
    grad = torch.randn(2, 5)
    W2, X2, Y2 = theirs
    expected = torch.autograd.grad((W2 @ X2) @ Y2, theirs, grad)
    product = submission.MatMul.apply
    Z = product(product(ours[0], ours[1]), ours[2])
    for name, actual, wanted in zip(("W", "X", "Y"), gradients(Z, ours, grad), expected, strict=True):
        assert_gradient(actual, wanted, of=f"dL/d{name} of (W X) Y")


@pytest.mark.points(1)
@pytest.mark.hint("backward returns gradients. Who stores them in .grad, and for which tensors?")
def test_nothing_else_changes(submission):
    """X, Y, their .grad and the incoming gradient are left alone"""
    X, Y = torch.randn(4, 4, requires_grad=True), torch.randn(4, 4, requires_grad=True)
    grad = torch.randn(4, 4)
    with assert_unchanged(X=X, Y=Y, grad=grad):
        gradients(submission.MatMul.apply(X, Y), (X, Y), grad)
    # torch.autograd.grad returns gradients and stores none: a .grad can only come from the submission.
    assert X.grad is None, "backward changed X.grad. Storing gradients is autograd's work."
    assert Y.grad is None, "backward changed Y.grad. Storing gradients is autograd's work."
