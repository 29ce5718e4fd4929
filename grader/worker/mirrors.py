"""Twins of tensors: which tensor here is which over there, and what changed since the other side was told.

Both sides keep one table. Changes are found by comparing contents: a version counter would not do, because
gradcheck perturbs its inputs through `.data`, which does not count. A tensor stays in the judge's table until
nothing but the table owns it or its memory; the worker forgets it when the judge says so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import torch

from .protocol import Body, Known, New, ProtocolError, TensorData, TensorState
from .tensors import LARGE, PLAIN, contents, put, raw, take

class Mirror:
    """A tensor with its id and what the other side knows about it."""

    __slots__ = ("after", "before", "dtype", "grad", "grad_of", "id", "known", "requires_grad", "shape", "tensor")

    def __init__(self, id: int, tensor: torch.Tensor) -> None:
        self.id = id
        self.tensor = tensor
        # The worker's twin of a tensor with history is the copy of a hidden leaf; gradients go to that leaf.
        self.grad_of = tensor
        self.remember()

    def remember(self) -> None:
        """Take the present state as known to the other side."""
        self.known = _snapshot(self.tensor)
        self.dtype, self.shape = self.tensor.dtype, self.tensor.shape
        self.requires_grad = self.tensor.requires_grad
        grad = _grad(self.tensor)
        self.grad = None if grad is None else _snapshot(grad)


class Mirrors:
    """The table of one side."""

    def __init__(self) -> None:
        self._by_id: dict[int, Mirror] = {}
        self._by_object: dict[int, Mirror] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Mirror]:
        return iter(self._by_id.values())

    def of(self, tensor: torch.Tensor) -> Mirror | None:
        """The entry of a tensor object."""
        return self._by_object.get(id(tensor))

    def get(self, id: int) -> Mirror:
        """The entry with an id; raises `ProtocolError`."""
        try:
            return self._by_id[id]
        except KeyError:
            raise ProtocolError("a tensor has an unknown id") from None

    def add(self, id: int, tensor: torch.Tensor) -> Mirror:
        """Enter a tensor whose state the other side knows, or is about to learn."""
        if id in self._by_id:
            raise ProtocolError("a tensor has an id that is taken")
        mirror = Mirror(id, tensor)
        self._by_id[id] = mirror
        self._by_object[id_of(tensor)] = mirror
        return mirror

    def remove(self, id: int) -> None:
        """Forget a tensor."""
        mirror = self._by_id.pop(id, None)
        if mirror is not None:
            self._by_object.pop(id_of(mirror.tensor), None)

    def take_unowned(self) -> list[int]:
        """Remove the tensors that nothing but this table owns any more, and return their ids."""
        gone = [id for id, mirror in self._by_id.items() if _unowned(mirror)]
        for id in gone:
            self.remove(id)
        return gone

    def describe(self, mirror: Mirror, body: Body, *, history: bool) -> New:
        """The message that makes the other side's twin."""
        t = mirror.tensor
        grad = _grad(t)
        known = mirror.known if isinstance(mirror.known, bytes) else None
        return New(
            mirror.id,
            put(t, body, known),
            t.requires_grad,
            isinstance(t, torch.nn.Parameter),
            history,
            None if grad is None else put(grad, body),
        )

    def changes(self, body: Body) -> list[TensorState]:
        """What the other side does not know yet; it is taken as known from now on."""
        states = []
        for mirror in self._by_id.values():
            state = _change(mirror, body)
            if state is not None:
                states.append(state)
        return states

    def apply(self, states: list[TensorState], body: bytearray) -> None:
        """Do here what changed there."""
        for state in states:
            mirror = self.get(state.id)
            if state.data is not None:
                _overwrite(mirror.tensor, take(state.data, body))
            if mirror.tensor.is_leaf and mirror.tensor.requires_grad != state.requires_grad:
                mirror.tensor.requires_grad_(state.requires_grad)
            if not isinstance(state.grad, bool):
                _set_grad(mirror.tensor, None if state.grad is None else take(state.grad, body))
            mirror.remember()


def id_of(tensor: torch.Tensor) -> int:
    """The identity of a tensor object."""
    return id(tensor)


def make(new: New, body: bytearray) -> torch.Tensor:
    """The leaf that a `New` describes."""
    t = take(new.data, body)
    if new.parameter:
        t = torch.nn.Parameter(t, requires_grad=new.requires_grad)
    elif new.requires_grad:
        if not (t.is_floating_point() or t.is_complex()):
            raise ProtocolError("a tensor of integers requires a gradient")
        t.requires_grad_()
    if new.grad is not None:
        _set_grad(t, take(new.grad, body))
    return t


def reference(
    mirrors: Mirrors, tensor: torch.Tensor, body: Body, next_id: Callable[[], int], *, history: bool = False
) -> Known | New:
    """How to name a tensor to the other side, which is told about it if it does not know it yet."""
    mirror = mirrors.of(tensor)
    if mirror is not None:
        return Known(mirror.id)
    return mirrors.describe(mirrors.add(next_id(), tensor), body, history=history)


def _grad(t: torch.Tensor) -> torch.Tensor | None:
    # Reading .grad of a tensor with history warns, and it has none of its own.
    return t.grad if t.is_leaf else None


def _snapshot(t: torch.Tensor) -> bytes | torch.Tensor:
    if t.is_meta or t.numel() * t.element_size() < LARGE:
        return contents(t)
    return raw(t).clone(memory_format=torch.contiguous_format)


def _same(t: torch.Tensor, known: bytes | torch.Tensor) -> bool:
    if isinstance(known, bytes):
        return contents(t) == known
    now = raw(t)
    if now.shape != known.shape or now.dtype != known.dtype:
        return False
    # Bits, not numbers: a NaN is the same as itself here and -0.0 is not 0.0. (16 bytes wide: complex only.)
    width = PLAIN[now.element_size()]
    if width.is_complex:
        return torch.equal(torch.view_as_real(now).view(torch.int64), torch.view_as_real(known).view(torch.int64))
    return torch.equal(now.view(width), known.view(width))


def _change(mirror: Mirror, body: Body) -> TensorState | None:
    t = mirror.tensor
    grad = _grad(t)
    same = t.shape == mirror.shape and t.dtype == mirror.dtype and _same(t, mirror.known)
    if grad is None or mirror.grad is None:
        same_grad = grad is None and mirror.grad is None
    else:
        same_grad = _same(grad, mirror.grad)
    if same and same_grad and t.requires_grad == mirror.requires_grad:
        return None
    data = None
    if not same:
        mirror.known = _snapshot(t)
        mirror.dtype, mirror.shape = t.dtype, t.shape
        data = put(t, body, mirror.known if isinstance(mirror.known, bytes) else None)
    grad_data: TensorData | None | bool = False
    if not same_grad:
        mirror.grad = None if grad is None else _snapshot(grad)
        grad_data = None if grad is None else put(grad, body)
    mirror.requires_grad = t.requires_grad
    return TensorState(mirror.id, data, grad_data, t.requires_grad)


def _overwrite(t: torch.Tensor, new: torch.Tensor) -> None:
    # Through .data: autograd on this side must not count it, the side that computed has done so.
    if t.shape == new.shape and t.dtype == new.dtype and t.device == new.device:
        if not t.is_meta:
            t.data.copy_(new)
    else:
        t.data = new


def _set_grad(t: torch.Tensor, grad: torch.Tensor | None) -> None:
    if grad is None:
        t.grad = None
        return
    old = t.grad
    if old is not None and old.shape == grad.shape and old.dtype == grad.dtype and old.device == grad.device:
        _overwrite(old, grad)
        return
    if grad.shape != t.shape or grad.dtype != t.dtype:
        raise ProtocolError("a gradient does not fit its tensor")
    t.grad = grad


def _unowned(mirror: Mirror) -> bool:
    if _references(mirror) > _ALONE or mirror.tensor._use_count() > 1:
        return False
    t = mirror.tensor
    # A view of it may live on without it: `layer.buffer[0]` still writes to the buffer.
    return torch._C._storage_Use_Count(t.untyped_storage()._cdata) <= 2  # its own and the one asked through


def _references(mirror: Mirror) -> int:
    return sys.getrefcount(mirror.tensor)


# What that says about a tensor that nothing but its entry holds; it depends on the version of Python.
_ALONE = _references(Mirror(0, torch.empty(0)))
